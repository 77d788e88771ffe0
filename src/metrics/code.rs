//! Status codes as labels: a server that answers with any number makes no more series than these.

/// The codes that are told one by one; of others only the class is.
const TOLD: [(u16, &str); 22] = [
    (101, "101"),
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (409, "409"),
    (410, "410"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
];

/// The word for a status code; `none` where no answer came.
pub(super) fn word(code: Option<u16>) -> &'static str {
    let Some(code) = code else { return "none" };
    if let Some((_, word)) = TOLD.iter().find(|(told, _)| *told == code) {
        return word;
    }
    match code / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_becomes_one_of_a_few_words() {
        let words = [None, Some(200), Some(429), Some(418), Some(599), Some(999)].map(word);
        assert_eq!(words, ["none", "200", "429", "4xx", "5xx", "other"]);
        let all: std::collections::HashSet<_> = (0..=u16::MAX).map(|n| word(Some(n))).collect();
        assert_eq!(all.len(), TOLD.len() + 6);
    }
}
