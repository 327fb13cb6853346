// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAlterations alters a list of two instances, a record, and an empty answer.
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

// TestAlteredAnswers covers the alterations that change more than the text of the body.
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
