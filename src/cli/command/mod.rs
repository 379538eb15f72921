//! One file per command: its arguments, with the help text as their documentation, and what it does with them.

pub mod amend;
pub mod approve;
pub mod completions;
pub mod config;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod done;
pub mod explain;
pub mod guide;
pub mod history;
pub mod init;
pub mod logs;
pub mod man;
pub mod next;
pub mod pause;
pub mod plan;
pub mod reject;
pub mod resume;
pub mod schema;
pub mod show;
pub mod start;
pub mod status;
pub mod stop;
pub mod trust;
pub mod validate;
