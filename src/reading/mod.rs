//! Floor 1: how a file that people write is read. Used by `mission` and `config`, which stand beside it.
//!
//! Text becomes a tree of values with positions (`Node`); the tree is held against the JSON Schema that is generated
//! from the types of the file (`Shape`), which finds every mistake at once; what is left is deserialised.
//! Every mistake is a [`Diagnostic`] with a stable [`Code`], a place, the offending line and a hint.

mod code;
mod diagnostic;
pub(crate) mod digest;
mod format;
pub(crate) use format::parts as scalar_parts;
mod mask;
mod publish;
mod shape;
mod suggest;
mod tree;
mod units;
mod write;
mod yaml;

pub use code::Code;
pub use diagnostic::{Diagnostic, Severity, Unsupported, render};
pub(crate) use diagnostic::{full, keep};
pub(crate) use format::{
    Format, Glob, Many, NameText, Pattern, PlainText, QueryText, RelativePath, Scalar, Sha256Text, Short, UrlText,
    VariableName, Wording, scalar_text,
};
pub(crate) use mask::mask;
pub(crate) use publish::published;
pub(crate) use shape::Shape;
#[cfg(test)]
pub(crate) use shape::assert_known as shape_assert_known;
pub(crate) use suggest::nearest;
pub(crate) use tree::{Content, Entry, Map, Node, Source, Span};
pub(crate) use units::{Count, DollarLimit, Percent, Period, Size, limit, list, period, size};
pub(crate) use write::write;
pub(crate) use yaml::parse;
