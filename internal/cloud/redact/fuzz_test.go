// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package redact

import (
	"encoding/base64"
	"html"
	"net/url"
	"strings"
	"testing"
)

// writings are how a secret may stand in a text, each with what of the secret must not be left there.
func writings(before, secret, after string) map[string]string {
	texts := map[string]string{}
	for _, form := range []string{
		secret, quotedJSON(secret, false), quotedJSON(secret, true), html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret),
	} {
		texts[before+form+after] = form
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		text := encoding.EncodeToString([]byte(before + secret + after))
		// The characters at both ends hold bits of the neighbours.
		texts[text] = text[(len(before)*8+5)/6 : (len(before)+len(secret))*8/6]
	}
	return texts
}

// No secret is left in a text, however it is written and whatever stands around it, and a text without one is left
// alone.
func FuzzText(f *testing.F) {
	for _, seed := range [][3]string{
		{"", "kanary", ""},
		{"password=", "kanary-secret", "&user=ada"},
		{`{"v":"`, `kanary <one> & "two" ünd/three?`, `"}`},
		{"kan", "kankankan", "kan"},
		{"x", "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w\nx\n-----END-----", "y"},
		{"é", "\xff\xfe\x00\x01\x02\x03\x04", "\xff"},
		{"postgres://u:", "p%40ss%2Fword", "@h/d"},
		{"%", "%%%%%%", "%25"},
		{"aaaaa", "aaaaaa", "aaaaa"},
		{"~~~", "???>>>", "+/-_"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		var s secretSet
		secret = strings.TrimSpace(secret)
		s.add(secret)
		if text := before + after; !holdsForm(&s, text) && s.hide(text, false) != text {
			t.Errorf("%q holds no secret and becomes %q", text, s.hide(text, false))
		}
		if len(secret) < shortestSecret || likeMark(secret) {
			return // too short, or not to be told from what stands in its place
		}
		for text, form := range writings(before, secret, after) {
			if got := s.text(text, false); strings.Contains(got, form) {
				t.Errorf("%q becomes %q, which holds %q", text, got, form)
			}
		}
	})
}

// likeMark reports whether a secret cannot be told from the mark that stands in its place.
func likeMark(secret string) bool { return strings.ContainsAny(secret, "()") || secret == "hidden" }

func holdsForm(s *secretSet, text string) bool {
	for _, forms := range s.forms {
		for _, form := range forms {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// Of a secret whose end is missing no more is left than the few bytes that tell nothing.
func FuzzCutLine(f *testing.F) {
	f.Add("you sent ", "kanary-secret", uint(8))
	f.Add(`{"v":"`, `kanary <one> & "two"`, uint(12))
	f.Add("", "kankankankan", uint(7))
	f.Add("aaa", "aaaaaaaa", uint(6))
	f.Fuzz(func(t *testing.T, before, secret string, length uint) {
		var s secretSet
		secret = strings.TrimSpace(secret)
		s.add(secret)
		if len(secret) < shortestSecret || likeMark(secret) {
			return
		}
		for _, form := range []string{secret, quotedJSON(secret, false), url.QueryEscape(secret)} {
			cut := form[:shortestSecret+int(length%uint(len(form)-shortestSecret+1))]
			if got := s.text(before+cut, true); strings.HasSuffix(got, cut) {
				t.Errorf("%q becomes %q", before+cut, got)
			}
		}
	})
}

// The password of a URL is hidden though it was never told to be secret.
func FuzzURLPassword(f *testing.F) {
	for _, seed := range [][5]string{
		{"see ", "postgresql", "dbosadmin", "pass-word", ":5432/x"},
		{"", "postgres", "a", "p@w:x/y z", "/d, amqp://b:c@i"},
		{"://", "amqp", "", "%3A%2F%2F%40", ""},
		{`{"url":"`, "redis", "ü:@", "sl/ash\\back", `"}`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, before, scheme, username, password, after string) {
		if len(password) < shortestSecret || likeMark(password) {
			return
		}
		address := (&url.URL{Scheme: "postgres", User: url.UserPassword(username, password), Host: "db.example"}).String()
		_, written, _ := strings.Cut(address, "://"+url.User(username).String()+":")
		written, _, _ = strings.Cut(written, "@")
		before, after = before+scheme, "/"+after
		if strings.Contains(before+username+url.QueryEscape(username)+after, written) {
			return
		}
		for text, form := range map[string]string{
			before + address + after:                                written,
			before + strings.ReplaceAll(address, "/", `\/`) + after: written,
			before + " " + url.QueryEscape(address) + "%2F" + after: url.QueryEscape(written),
		} {
			if got := Text(text); strings.Contains(got, form) {
				t.Errorf("%q becomes %q, which holds %q", text, got, form)
			}
		}
	})
}
