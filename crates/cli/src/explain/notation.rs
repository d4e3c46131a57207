//! How numbers of errors are written: `-0x2700`, `-9984`, `0x8009`, `0xffffd900`.

/// A number as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: i64,
    pub(super) hex: bool,
}

/// Reads a whole text as a number. 32 bits with the highest one set are negative: that is how C
/// prints a negative error with `%x`.
pub(super) fn number(text: &str) -> Option<Number> {
    // Editors and chats make a minus sign of a hyphen.
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}', '\u{2013}']) {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    // `0x-2700` is what a C program prints that puts `0x` before `%d`.
    let (negative, hex) = match hex.and_then(|hex| hex.strip_prefix('-')) {
        Some(rest) => (true, Some(rest)),
        None => (negative, hex),
    };
    let plain = |digits: &str, radix| {
        let fits = (1..=10).contains(&digits.len()) && digits.chars().all(|digit| digit.is_digit(radix));
        fits.then(|| i64::from_str_radix(digits, radix).ok()).flatten()
    };
    let value = match hex {
        Some(hex) => plain(hex, 16).filter(|_| hex.len() <= 8)?,
        None => plain(digits, 10)?,
    };
    let wrapped = (0x8000_0000..=0xffff_ffff).contains(&value) && !negative;
    let value = match (negative, wrapped) {
        (true, _) => -value,
        (_, true) => value - 0x1_0000_0000,
        _ => value,
    };
    Some(Number { value, hex: hex.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_number() {
        let value = |text| number(text).map(|number| number.value);
        for text in ["-0x2700", "-9984", "0xffffd900", "4294957312", "0x-2700", "\u{2212}0x2700", "-0X2700"] {
            assert_eq!(value(text), Some(-0x2700), "{text}");
        }
        assert_eq!(value("0x8009"), Some(0x8009));
        assert_eq!(value("32777"), Some(32777));
        assert_eq!(value("+7"), Some(7));
        let none = ["", "-", "0x", "--1", "1.5", "0x123456789", "12345678901", "x", "0xg", "-0x-1f-", "１"];
        for text in none {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
