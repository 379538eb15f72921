//! Tables of stable codes: one line for each thing that can be wrong, with code, title, cause and cure. The rooms that
//! read files have one, and the command line has one.

/// Makes the enum `Code` of a table whose rows are `Name = "CCO-E0110", "title", "explanation";`.
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        /// What is wrong, by its stable code: `E` for a mistake, `W` for a warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as printed, `CCO-E0110`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Cause and cure, in a few sentences.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

pub(crate) use codes;
