// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlterations changes the answer of a list of two instances and of one record.
func TestAlterations(t *testing.T) {
	t.Parallel()
	const (
		list   = `[{"Name":"a","Port":1},{"Name":"b","Port":2}]`
		record = `{"Name":"a","Linked":false,"Ref":null}`
	)
	tests := map[Alteration]struct{ list, record, nothing string }{
		AlterTruncate:      {list[:len(list)/2], record[:len(record)/2], ""},
		AlterEmpty:         {"", "", ""},
		AlterNull:          {"null", "null", "null"},
		AlterHTML:          {proxyPage, proxyPage, proxyPage},
		AlterTypes:         {`[{"Name":1,"Port":"1"},{"Name":1,"Port":"2"}]`, `{"Linked":"false","Name":1,"Ref":false}`, ""},
		AlterDuplicateKeys: {`[{"Name":"another-a","Name":"a","Port":1,"Port":1},{"Name":"another-b","Name":"b","Port":1,"Port":2}]`, `{"Linked":true,"Linked":false,"Name":"another-a","Name":"a","Ref":null,"Ref":null}`, ""},
		AlterOmit:          {`[{"Name":"b","Port":2}]`, `{"Linked":false,"Name":"a","Ref":null}`, ""},
		AlterRepeat:        {`[{"Name":"a","Port":1},{"Name":"a","Port":1},{"Name":"b","Port":2},{"Name":"b","Port":2}]`, `{"Linked":false,"Name":"a","Ref":null}`, ""},
		AlterReverse:       {`[{"Name":"b","Port":2},{"Name":"a","Port":1}]`, `{"Linked":false,"Name":"a","Ref":null}`, ""},
	}
	for alteration, test := range tests {
		for body, want := range map[string]string{list: test.list, record: test.record, "": test.nothing} {
			answer := newBufferedAnswer()
			answer.body.WriteString(body)
			alteration.apply(answer)
			if got := answer.body.String(); got != want {
				t.Errorf("%s makes of %q\n%q, want\n%q", alteration, body, got, want)
			}
		}
	}
	for _, body := range []string{list, record, "{}", ""} {
		answer := newBufferedAnswer()
		answer.body.WriteString(body)
		AlterHuge.apply(answer)
		if answer.body.Len() < 20<<20 || body != "" && !validScalarOrMore(answer.body.Bytes()) {
			t.Errorf("huge makes %d bytes of %q", answer.body.Len(), body)
		}
	}
}

func validScalarOrMore(raw []byte) bool {
	_, err := validScalar(raw)
	return err == nil
}

// TestAlteredAnswers are those that a client sees as more than a text.
func TestAlteredAnswers(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	get := func(f Fault) (*http.Response, []byte, error) {
		t.Helper()
		remove := s.Inject(f)
		defer remove()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.connection.Endpoint+"/v1alpha1/local/databases", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.connection.Token)
		r.Header.Set("Accept-Encoding", "identity")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		return resp, body, err
	}
	_, whole, err := get(Fault{Latency: 1})
	if err != nil {
		t.Fatal(err)
	}
	resp, body, err := get(Fault{Alter: AlterGzip})
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v %v", resp.Header, err)
	}
	zipped, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(zipped); err != nil || !bytes.Equal(text, whole) {
		t.Errorf("compressed it was %s: %v", text, err)
	}
	if _, body, err := get(Fault{Alter: AlterBreak}); !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(body, whole[:len(whole)/2]) {
		t.Errorf("of a broken answer there is %q: %v", body, err)
	}
	if resp, _, _ := get(Fault{Alter: AlterHTML}); resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a page is %d %v", resp.StatusCode, resp.Header)
	}
	begun := time.Now()
	if _, body, err := get(Fault{Trickle: time.Millisecond}); err != nil || !bytes.Equal(body, whole) || time.Since(begun) < time.Duration(len(whole))*time.Millisecond {
		t.Errorf("after %s there is %s: %v", time.Since(begun), body, err)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	for want, f := range map[string]Fault{
		"7":                             {Status: 429, RetryAfter: 7 * time.Second},
		"Fri, 02 Jan 2026 02:05:05 GMT": {Status: 429, RetryAfter: time.Minute, RetryDate: true},
		"":                              {Status: 429},
	} {
		if got := f.refusal(now).header.Get("Retry-After"); got != want {
			t.Errorf("%+v says %q, want %q", f, got, want)
		}
	}
}

// A request that hung is carried out when nobody waits for it any more.
func TestHangThenAct(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Inject(Fault{Method: "POST", Times: 1, Hang: true, After: true})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	resp, err := sendContext(ctx, t, s, "POST", "/v1alpha1/local/databases/userdb", createABC)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it does not hang: %v", err)
	}
	if err == nil {
		_ = resp.Body.Close()
	}
	await(t, s, "databases/userdb/info/abc", `"Status":"available"`)
}

// What was just made is not seen by those reads that a fault hits.
func TestUnseen(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", configured(""))
	await(t, s, "applications/shop", `"Status":"AVAILABLE"`)
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"KEY","ClearSecretValue":"v"}`, 200, "")
	remove := s.Inject(Fault{Method: "GET", Unseen: time.Hour})
	want(t, s, "GET", "databases", "", 200, "[]")
	wantRefusal(t, s, "GET", "databases/userdb/info/abc", "", 404, "database abc not found")
	want(t, s, "GET", "applications", "", 200, "[]")
	wantRefusal(t, s, "GET", "applications/shop", "", 404, "application shop not found")
	want(t, s, "GET", "applications/shop/versions", "", 200, "[]")
	want(t, s, "GET", "applications/shop/secrets", "", 200, "[]")
	wantRefusal(t, s, "POST", "databases/userdb", createABC, 409, "database abc already exists")
	remove()
	s.Inject(Fault{Method: "GET", Unseen: time.Nanosecond})
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["KEY"]`)
	await(t, s, "applications", `"Name":"shop"`)
	await(t, s, "databases", `"PostgresInstanceName":"abc"`)
}

// TestHowOftenAFaultHits is about what depends on time and chance.
func TestHowOftenAFaultHits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		count := func(f Fault, requests int, apart time.Duration) (hits int) {
			var list faultList
			list.add(f)
			for range requests {
				if _, hit := list.hit("GET", "/v1alpha1/local/databases", time.Now()); hit {
					hits++
				}
				time.Sleep(apart)
			}
			return hits
		}
		if hits := count(Fault{For: 20 * time.Second}, 100, time.Second); hits != 20 {
			t.Errorf("in 20 s, a request a second, %d are hit", hits)
		}
		if hits := count(Fault{Rate: 20}, 1000, 25*time.Millisecond); hits < 470 || hits > 490 {
			t.Errorf("of 40 requests a second, with 20 let by, %d of 1000 are hit", hits)
		}
		if hits := count(Fault{Rate: 20}, 1000, 50*time.Millisecond); hits != 0 {
			t.Errorf("of 20 requests a second, with 20 let by, %d of 1000 are hit", hits)
		}
		if hits := count(Fault{Chance: 0.05}, 100_000, 0); hits < 4500 || hits > 5500 {
			t.Errorf("with a chance of 0.05 %d of 100,000 are hit", hits)
		}
		if hits := count(Fault{Chance: 0.5, Times: 3}, 1000, 0); hits != 3 {
			t.Errorf("with a chance of 0.5, three times, %d of 1000 are hit", hits)
		}
	})
}

func TestInjectRefusesWhatDoesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	defer func() {
		if recover() == nil {
			t.Error("a fault that does nothing is taken")
		}
	}()
	s.Inject(Fault{Times: 1})
}
