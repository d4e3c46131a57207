//! Dates as HTTP writes them, RFC 9110 §5.6.7: IMF-fixdate, and the two obsolete forms that a
//! recipient MUST accept.
//!
//! `httpdate`, the crate for this, needs `std`.

const DAYS: [&[u8]; 7] =
    [b"Thursday", b"Friday", b"Saturday", b"Sunday", b"Monday", b"Tuesday", b"Wednesday"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const SECONDS_PER_DAY: u64 = 86_400;

/// The date in seconds since 1970-01-01 00:00:00 UTC, leap seconds not counted; `None` for
/// anything that is not one of the three forms to the letter, for a day that there is not or that
/// is another day of the week, and for years before 1970.
///
/// `now` is the time as far as it is known, in the same seconds. It serves the form of RFC 850
/// alone, which has two digits for the year: a date that would be more than 50 years after `now` is
/// of the century before.
pub(crate) fn parse(text: &[u8], now: u64) -> Option<u64> {
    let mut text = Text(text);
    let day_name = text.letters();
    match text.octet()? {
        b',' if day_name.len() == 3 => imf_fixdate(text, day_name),
        b',' => rfc850(text, day_name, now),
        b' ' if day_name.len() == 3 => asctime(text, day_name),
        _ => None,
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, behind the comma.
fn imf_fixdate(mut text: Text<'_>, day_name: &[u8]) -> Option<u64> {
    text.expect(b" ")?;
    let day = text.number(2)?;
    text.expect(b" ")?;
    let month = text.month()?;
    text.expect(b" ")?;
    let year = text.number(4)?;
    text.expect(b" ")?;
    let time = text.time_of_day()?;
    text.expect(b" GMT")?;
    let days = text.end(days(year, month, day)?)?;
    is_day_name(days, day_name, 3).then(|| seconds(days, time))
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, behind the comma.
fn rfc850(mut text: Text<'_>, day_name: &[u8], now: u64) -> Option<u64> {
    const FIFTY_YEARS: u64 = (50 * 365 + 12) * SECONDS_PER_DAY;
    text.expect(b" ")?;
    let day = text.number(2)?;
    text.expect(b"-")?;
    let month = text.month()?;
    text.expect(b"-")?;
    let year = text.number(2)?;
    text.expect(b" ")?;
    let time = text.time_of_day()?;
    text.expect(b" GMT")?;
    text.end(())?;
    let is_near = |days: &u64| seconds(*days, time) <= now.saturating_add(FIFTY_YEARS);
    let centuries = [2200, 2100, 2000, 1900].into_iter();
    let days = centuries.filter_map(|century: u64| days(century + year, month, day)).find(is_near)?;
    is_day_name(days, day_name, usize::MAX).then(|| seconds(days, time))
}

/// `Sun Nov  6 08:49:37 1994`, behind the first space.
fn asctime(mut text: Text<'_>, day_name: &[u8]) -> Option<u64> {
    let month = text.month()?;
    text.expect(b" ")?;
    // `date3 = month SP ( 2DIGIT / ( SP 1DIGIT ))`
    let day = match text.expect(b" ") {
        Some(()) => text.number(1)?,
        None => text.number(2)?,
    };
    text.expect(b" ")?;
    let time = text.time_of_day()?;
    text.expect(b" ")?;
    let year = text.number(4)?;
    let days = text.end(days(year, month, day)?)?;
    is_day_name(days, day_name, 3).then(|| seconds(days, time))
}

fn seconds(days: u64, time: u64) -> u64 {
    days.saturating_mul(SECONDS_PER_DAY).saturating_add(time)
}

/// Days from 1970-01-01; `month` counts from 0.
fn days(year: u64, month: usize, day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = |month: usize| match month {
        1 if is_leap => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    };
    if !(1970..=9999).contains(&year) || day == 0 || day > length(month) {
        return None;
    }
    // Leap days of all years before this one, since the year 1.
    let leap_days = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    let months: u64 = (0..month).map(length).sum();
    Some(years + months + day - 1)
}

/// Whether the day is of this name, cut to so many letters.
fn is_day_name(days: u64, name: &[u8], letters: usize) -> bool {
    // 1970-01-01 was a Thursday.
    let full = usize::try_from(days % 7).ok().and_then(|index| DAYS.get(index)).copied().unwrap_or_default();
    full.get(..letters.min(full.len())) == Some(name)
}

/// What is left to be read.
struct Text<'t>(&'t [u8]);

impl<'t> Text<'t> {
    fn take(&mut self, count: usize) -> Option<&'t [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Takes these octets, or nothing.
    fn expect(&mut self, octets: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(octets)?;
        Some(())
    }

    fn letters(&mut self) -> &'t [u8] {
        let count = self.0.iter().take_while(|octet| octet.is_ascii_alphabetic()).count();
        self.take(count).unwrap_or_default()
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<u64> {
        self.take(digits)?.iter().try_fold(0, |number: u64, octet| {
            let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        })
    }

    fn month(&mut self) -> Option<usize> {
        let name = self.take(3)?;
        MONTHS.iter().position(|month| *month == name)
    }

    /// Seconds from midnight. A leap second (`:60`) is the one behind it.
    fn time_of_day(&mut self) -> Option<u64> {
        let hour = self.number(2)?;
        self.expect(b":")?;
        let minute = self.number(2)?;
        self.expect(b":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second)
    }

    fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 00:00:00.
    const NOW: u64 = 1_795_392_000;

    fn date(text: &str) -> Option<u64> {
        parse(text.as_bytes(), NOW)
    }

    #[test]
    fn the_three_forms() {
        // RFC 9110 section 5.6.7's own example, and days on which calendars go wrong.
        let table = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
            ("Sun, 31 Dec 2023 23:59:59 GMT", 1_704_067_199),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Mon, 23 Nov 2026 16:45:00 GMT", 1_795_452_300),
            ("Mon Nov 23 16:45:00 2026", 1_795_452_300),
            ("Monday, 23-Nov-26 16:45:00 GMT", 1_795_452_300),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ];
        for (text, seconds) in table {
            assert_eq!(date(text), Some(seconds), "{text}");
            // Nothing shorter or longer is a date.
            for cut in 0..text.len() {
                assert_eq!(date(text.get(..cut).unwrap()), None, "{text} cut at {cut}");
            }
            for extended in [[text, " "].concat(), [" ", text].concat(), [text, "0"].concat()] {
                assert_eq!(date(&extended), None, "{extended}");
            }
        }
    }

    #[test]
    fn every_octet_counts() {
        for text in [b"Sun, 06 Nov 1994 08:49:37 GMT".as_slice(), b"Sunday, 06-Nov-94 08:49:37 GMT"] {
            for position in 0..text.len() {
                for octet in 0..=u8::MAX {
                    let mut changed = text.to_vec();
                    let was = std::mem::replace(&mut changed[position], octet);
                    // Another digit may be another date, and what else it is other tests show.
                    if was != octet && !(was.is_ascii_digit() && octet.is_ascii_digit()) {
                        assert_eq!(parse(&changed, NOW), None, "{}", changed.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "0",
            "1994-11-06T08:49:37Z",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunda, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday Nov  6 08:49:37 1994",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov 06 08:49:37 94",
            // Days and times that there are not.
            "Wed, 00 Nov 1994 08:49:37 GMT",
            "Thu, 31 Nov 1994 08:49:37 GMT",
            "Wed, 29 Feb 2023 12:00:00 GMT",
            "Mon, 29 Feb 2100 12:00:00 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            // Other days of the week.
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Monday, 06-Nov-94 08:49:37 GMT",
            "Mon Nov  6 08:49:37 1994",
            // Before the epoch.
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Mon, 06 Nov 0000 08:49:37 GMT",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn two_digits_of_a_year_are_of_the_century_that_is_near() {
        // 68 years before 2094, of which it would be a Saturday.
        assert_eq!(date("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Saturday, 06-Nov-94 08:49:37 GMT"), None);
        // Almost 50 years ahead, and a little more.
        assert_eq!(date("Sunday, 22-Nov-76 00:00:00 GMT"), Some(3_373_228_800));
        assert_eq!(date("Monday, 22-Nov-76 00:00:00 GMT"), None);
        assert_eq!(date("Wednesday, 24-Nov-76 00:00:00 GMT"), Some(217_641_600));
        assert_eq!(date("Tuesday, 24-Nov-76 00:00:00 GMT"), None);
        // A clock that is not set is of the last century.
        assert_eq!(parse(b"Monday, 22-Nov-76 00:00:00 GMT", 0), Some(217_468_800));
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = 0;
        for year in 1970..2410 {
            for month in 0..12 {
                for found in (1..=31).filter_map(|day| days(year, month, day)) {
                    assert_eq!(found, expected, "{year}-{month}");
                    expected += 1;
                }
            }
        }
        assert_eq!(expected, 146_097 + 14_610, "400 years, and 40 with ten leap days");
    }
}
