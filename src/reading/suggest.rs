//! "Did you mean": the nearest of the words that would have been right.

/// The candidate that is fewest edits away, if that is near enough to be what was meant: a third of the length, at
/// least one edit. Ties go to the first.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(word);
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, remove, replace, swap of neighbours) between two words; cut off at 64 characters each.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(l != r);
            let mut edits = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                edits = edits.min(before[j - 1] + 1);
            }
            row.push(edits);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let keys = ["definition_of_done", "description", "title", "run"];
        assert_eq!(nearest("defintion_of_doen", keys), Some("definition_of_done"));
        assert_eq!(nearest("definitionOfDone", keys), Some("definition_of_done"));
        assert_eq!(nearest("tilte", keys), Some("title"));
        assert_eq!(nearest("rnu", keys), Some("run"));
    }

    #[test]
    fn another_word_is_not_guessed_at() {
        assert_eq!(nearest("deadline", ["title", "run", "context"]), None);
        assert_eq!(nearest("", ["title"]), None);
    }
}
