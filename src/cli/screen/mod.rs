//! Views drawn for people: pure functions from a view and a style to text. No colour is ever the only sign, no line is
//! wider than the style says, and nothing that came from a worker, a check or a model can steer the terminal.

mod criteria;
mod difference;
mod examination;
mod history;
mod iteration;
pub mod live;
mod log;
mod mark;
mod outline;
pub mod plain;
mod status;
pub mod text;
mod validation;
mod would_run;

pub use difference::difference;
pub use examination::examination;
pub use history::history;
pub use iteration::iteration;
pub use log::log_line;
pub use outline::{outline, remarks};
pub use status::status;
pub use text::folded;
pub use validation::validation;
pub use would_run::{actions, would_run};
