"""Ledger time as calendar days of China (UTC+8), in integers; the standard library's clock-bearing module stays out."""

CHINA_OFFSET_SECONDS = 8 * 3600
DAY_SECONDS = 86_400


def date_of(time: int) -> str:
    """Calendar date in China of a ledger time: seconds since 1970 -> 'YYYY-MM-DD'.

    The civil-from-days rule of the proleptic Gregorian calendar: eras of 400 years, years that begin in March.
    """
    days = (time + CHINA_OFFSET_SECONDS) // DAY_SECONDS + 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return f"{year:04d}-{month:02d}-{day:02d}"


def time_of(date: str) -> int:
    """Ledger time at which a calendar date begins in China: 'YYYY-MM-DD' -> seconds since 1970."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:10])
    year -= 1 if month <= 2 else 0
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    days = era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return (days - 719_468) * DAY_SECONDS - CHINA_OFFSET_SECONDS
