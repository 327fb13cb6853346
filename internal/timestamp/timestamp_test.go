// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package timestamp

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzParse compares with a reader that follows the grammar of RFC 3339 letter by letter.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"2026-11-25T13:45:30.25Z", "2026-11-25t14:45:30.250000000+01:00", "2026-11-25T13:45:30,5Z", "2026-11-25T1:00:00Z", "2026-11-25T13:45:30+24:00",
		"2026-11-25T13:45:30+23:60", "2024-02-29T23:59:59-00:00", "2023-02-29T00:00:00z", "0000-01-01T00:00:00Z", "2026-11-25 13:45:30Z", "2026-13-01T00:00:00Z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		want, ok := readTimestamp(text)
		if ok != (err == nil) || ok && !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v, %t", text, got, err, want, ok)
		}
	})
}

// readTimestamp reads yyyy-mm-ddThh:mm:ss[.f]zone. Like Go it knows no leap seconds, and digits below a nanosecond are
// dropped.
func readTimestamp(text string) (time.Time, bool) {
	text = strings.Map(func(r rune) rune {
		if r == 't' || r == 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, text)
	valid := len(text) > 19
	take := func(count int, then string, low, high int) int {
		if !valid || len(text) < count+len(then) || strings.Trim(text[:count], "0123456789") != "" || text[count:count+len(then)] != then {
			valid = false
			return 0
		}
		n, _ := strconv.Atoi(text[:count])
		text = text[count+len(then):]
		valid = n >= low && n <= high
		return n
	}
	year, month, day := take(4, "-", 0, 9999), take(2, "-", 1, 12), take(2, "T", 1, 31)
	hour, minute, second := take(2, ":", 0, 23), take(2, ":", 0, 59), take(2, "", 0, 59)
	nanosecond := 0
	if fraction, found := strings.CutPrefix(text, "."); valid && found {
		text = strings.TrimLeft(fraction, "0123456789")
		digits := fraction[:len(fraction)-len(text)]
		valid = digits != ""
		nanosecond, _ = strconv.Atoi((digits + "000000000")[:9])
	}
	offset := 0
	if valid && text != "Z" {
		if text == "" || text[0] != '+' && text[0] != '-' {
			return time.Time{}, false
		}
		sign := map[byte]int{'+': 1, '-': -1}[text[0]]
		text = text[1:]
		offset = sign * (take(2, ":", 0, 23)*3600 + take(2, "", 0, 59)*60)
		valid = valid && text == ""
	}
	at := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.FixedZone("", offset))
	// A day that the month does not have becomes one of the next.
	return at, valid && at.Format("2006-01-02") == fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}
