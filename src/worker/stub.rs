//! The scripted worker: `cco __stub` plays one scene and prints the events Claude Code would print, so that a demo
//! and a rehearsal go the whole way: supervisor, spool, parser, outcome.

#![expect(clippy::disallowed_methods, reason = "acts in the repository as the real worker would")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use clap::Parser as _;
use serde_json::{Value, json};

use super::request::Request;
use super::script::{Scene, Script, Step};
use crate::process::surroundings;
use crate::words::{IterationNumber, clip};

/// The model the stub calls itself.
const MODEL: &str = "stub";

/// How to start the scripted worker.
#[derive(Clone, Debug)]
pub struct Stub {
    /// The cco binary.
    pub program: PathBuf,
    /// The script; `None`: the demo's.
    pub script: Option<PathBuf>,
    /// How long its pauses are, in percent; 0 for tests.
    pub pace: u32,
    /// The user's environment, from which what is allowed is passed.
    pub environment: Vec<(OsString, OsString)>,
}

impl Stub {
    pub(super) fn argv(&self, request: &Request) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![self.program.clone().into(), "__stub".into()];
        argv.extend(["--action".into(), request.iteration.to_string().into()]);
        argv.extend(["--session".into(), request.session.to_string().into()]);
        argv.extend(["--pace".into(), self.pace.to_string().into()]);
        if let Some(script) = &self.script {
            argv.extend(["--script".into(), script.into()]);
        }
        argv
    }

    pub(super) fn env(&self) -> Vec<(OsString, OsString)> {
        surroundings(&self.environment, &[])
    }
}

#[derive(Debug, clap::Parser)]
#[command(name = "cco __stub", no_binary_name = true)]
struct Arguments {
    #[arg(long)]
    action: u64,
    #[arg(long)]
    session: String,
    #[arg(long)]
    script: Option<PathBuf>,
    #[arg(long, default_value_t = 100)]
    pace: u32,
}

/// Plays one scene. The prompt on standard input is not obeyed; the commands of the script may read it on theirs.
#[must_use]
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let played = Arguments::try_parse_from(arguments).map_err(io::Error::other).and_then(|arguments| play(&arguments));
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // As the real worker: what goes wrong before the first event is told on stderr only.
            writeln!(io::stderr(), "Error: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: &Arguments) -> io::Result<()> {
    let script = match &arguments.script {
        Some(path) => Script::read(&fs::read_to_string(path)?),
        None => Script::demo(),
    };
    let script = script.map_err(io::Error::other)?;
    let prompt = io::read_to_string(io::stdin())?;
    let action = IterationNumber(arguments.action);
    let scene = script.scene(action);
    let mut stage = Stage { session: arguments.session.clone(), pace: arguments.pace, calls: 0, prompt };
    stage.init()?;
    for step in &scene.steps {
        stage.perform(step)?;
    }
    stage.result(scene, &script, action)
}

/// The scene in progress.
struct Stage {
    session: String,
    pace: u32,
    calls: u64,
    prompt: String,
}

impl Stage {
    fn init(&self) -> io::Result<()> {
        let cwd = std::env::current_dir()?.display().to_string();
        let version = concat!("stub ", env!("CARGO_PKG_VERSION"));
        self.emit(json!({"type": "system", "subtype": "init", "cwd": cwd, "model": MODEL, "apiKeySource": "none",
            "claude_code_version": version}))
    }

    fn perform(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Say(text) => self.answer(&json!({"type": "text", "text": text})),
            Step::Pause(seconds) => {
                std::thread::sleep(Step::pause(*seconds, self.pace));
                Ok(())
            }
            Step::Write(file) => {
                let id = self.call("Write", &json!({"file_path": file.path, "content": file.content}))?;
                let written = write(Path::new(&file.path), &file.content);
                self.returned(&id, written.map(|()| format!("wrote {}", file.path)).map_err(|error| error.to_string()))
            }
            Step::Run(command) => {
                let id = self.call("Bash", &json!({"command": command}))?;
                self.returned(&id, run(command, &self.prompt)?)
            }
        }
    }

    fn call(&mut self, tool: &str, input: &Value) -> io::Result<String> {
        let id = format!("stub_{}", self.calls + 1);
        self.answer(&json!({"type": "tool_use", "id": id, "name": tool, "input": input}))?;
        Ok(id)
    }

    fn answer(&mut self, block: &Value) -> io::Result<()> {
        self.calls += 1;
        // A context that grows a little with each call, so that whoever watches it has something to see.
        let tokens = (self.prompt.len() / 4) as u64 + self.calls * 100;
        self.emit(
            json!({"type": "assistant", "parent_tool_use_id": null, "message": {"id": format!("msg_{}", self.calls),
            "model": MODEL, "content": [block], "usage": {"input_tokens": tokens, "output_tokens": 1}}}),
        )
    }

    fn returned(&self, id: &str, outcome: Result<String, String>) -> io::Result<()> {
        let is_error = outcome.is_err();
        let content = outcome.unwrap_or_else(|error| error);
        self.emit(json!({"type": "user", "parent_tool_use_id": null, "message": {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error}]}}))
    }

    fn result(&self, scene: &Scene, script: &Script, action: IterationNumber) -> io::Result<()> {
        let own = json!({MODEL: {"inputTokens": 0, "outputTokens": 0, "costUSD": scene.cost().dollars()}});
        self.emit(json!({"type": "result", "subtype": "success", "is_error": false, "terminal_reason": "completed",
            "num_turns": self.calls, "result": scene.result, "total_cost_usd": script.cost_up_to(action).dollars(),
            "modelUsage": own, "model_usage_since_last_result": own, "permission_denials": []}))
    }

    fn emit(&self, mut event: Value) -> io::Result<()> {
        event["session_id"] = json!(self.session);
        let mut out = io::stdout().lock();
        writeln!(out, "{event}")?;
        out.flush()
    }
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// The command's output, or its exit code and output if it failed. It finds the prompt on its standard input, in a file,
/// so that one that does not read it is not waited for.
fn run(command: &str, prompt: &str) -> io::Result<Result<String, String>> {
    let mut input = tempfile::tempfile()?;
    input.write_all(prompt.as_bytes())?;
    input.rewind()?;
    let output = std::process::Command::new("sh").args(["-c", command]).stdin(Stdio::from(input)).output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = clip(&String::from_utf8_lossy(&text), 4 << 10);
    Ok(match output.status.code() {
        Some(0) => Ok(text),
        Some(code) => Err(format!("Exit code {code}\n{text}")),
        None => Err(format!("ended by a signal\n{text}")),
    })
}
