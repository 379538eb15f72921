//! The byte budget of a prompt: what is expendable gives way step by step, and nothing disappears without a word.

/// A part of a prompt in several lengths.
pub(super) struct Part {
    /// The longest form first; the last one is always kept.
    forms: Vec<String>,
    at: usize,
}

impl Part {
    /// A part with its forms, longest first.
    pub(super) fn new(forms: Vec<String>) -> Self {
        Self { forms, at: 0 }
    }

    /// The form that fits.
    pub(super) fn text(&self) -> &str {
        self.forms.get(self.at).map_or("", String::as_str)
    }

    /// Takes the next shorter form; tells whether there was one.
    fn shorten(&mut self) -> bool {
        let more = self.at + 1 < self.forms.len();
        self.at += usize::from(more);
        more
    }
}

/// Shortens parts until they fit into so many bytes. The first ones give way first, all of them one step before any
/// takes the next.
pub(super) fn fit(parts: &mut [Part], room: usize) {
    let mut total: usize = parts.iter().map(|part| part.text().len()).sum();
    let mut any = true;
    while any && total > room {
        any = false;
        for part in parts.iter_mut() {
            if total <= room {
                return;
            }
            let before = part.text().len();
            any |= part.shorten();
            total = total.saturating_sub(before) + part.text().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_parts_give_way_first_and_the_last_form_stays() {
        let part = |sizes: [usize; 3]| Part::new(sizes.map(|size| "x".repeat(size)).to_vec());
        let mut parts = [part([100, 50, 10]), part([100, 50, 10])];
        fit(&mut parts, 160);
        assert_eq!(parts.each_ref().map(|part| part.text().len()), [50, 100]);
        fit(&mut parts, 0);
        assert_eq!(parts.each_ref().map(|part| part.text().len()), [10, 10]);
    }
}
