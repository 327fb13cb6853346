// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadDeploy(t *testing.T) {
	t.Parallel()
	s := start(t)
	var names strings.Builder
	for n := range mostFields {
		fmt.Fprintf(&names, `"x%d":1,`, n)
	}
	tests := map[string]struct {
		body             string
		archive          string // what is in the file
		previous, target string
		fault            string // "" = none
	}{
		"archive":             {`{"application_archive":"aGVsbG8="}`, "hello", "", "", ""},
		"first and spaced":    {" {\n\t\"application_archive\" : \"aGVsbG8=\" ,\r\n \"target_database_name\" : \"abc\" } ", "hello", "", "abc", ""},
		"last":                {`{"target_database_name":"abc","application_archive":"aGVsbG8="}`, "hello", "", "abc", ""},
		"unknown fields":      {`{"a":null,"b":-1.5e3,"c":true,"application_archive":"aGVsbG8=","d":"\"}\\"}`, "hello", "", "", ""},
		"escaped":             {`{"application_archive":"\/\/\/\/\u002b\u002B\u002b\u002b"}`, "\xff\xff\xff\xfb\xef\xbe", "", "", ""},
		"in lines":            {`{"application_archive":"aGVs\nbG8=\r\n"}`, "hello", "", "", ""},
		"name with an escape": {`{"previous\u005fversion":"1"}`, "", "1", "", ""},
		"both, one null":      {`{"application_archive":null,"previous_version":"1"}`, "", "1", "", ""},
		"empty archive":       {`{"application_archive":""}`, "", "", "", ""},
		"nothing":             {``, "", "", "", "unexpected EOF"},
		"no object":           {`[]`, "", "", "", "'[' where '{' was expected"},
		"cut off":             {`{"application_archive":"aGVsbG8=`, "", "", "", "cut off"},
		"cut off in a name":   {`{"applic`, "", "", "", "unexpected EOF"},
		"no colon":            {`{"previous_version" "1"}`, "", "", "", "where ':' was expected"},
		"no comma":            {`{"previous_version":"1" "x":1}`, "", "", "", "where ',' was expected"},
		"number as a name":    {`{1:"1"}`, "", "", "", "name is not a string"},
		"nested":              {`{"previous_version":{"a":1}}`, "", "", "", "neither a string, a number"},
		"another type":        {`{"previous_version":1}`, "", "", "", "previous_version is not a string"},
		"archive as a number": {`{"application_archive":1}`, "", "", "", "either an application_archive or"},
		"given twice":         {`{"application_archive":"aGVsbG8=","application_archive":"aGVsbG8="}`, "", "", "", "given twice"},
		"wrong escape":        {`{"application_archive":"aGVs\tbG8="}`, "", "", "", "not base64"},
		"many fields":         {"{" + names.String() + `"previous_version":"1"}`, "", "", "", "at most 100 fields"},
		"long field":          {`{"previous_version":"` + strings.Repeat("x", largestScalar) + `"}`, "", "", "", "longer than 4096 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []io.Reader{strings.NewReader(test.body), iotest.OneByteReader(strings.NewReader(test.body))} {
				d, err := s.readDeploy(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body))
				if test.fault != "" {
					if err == nil || !strings.Contains(err.Error(), test.fault) {
						t.Fatalf("%v, want %q", err, test.fault)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				content := ""
				if d.archive != "" {
					raw, err := os.ReadFile(d.archive)
					if err != nil {
						t.Fatal(err)
					}
					content = string(raw)
				}
				if content != test.archive || d.previous != test.previous || d.target != test.target {
					t.Errorf("read %q and %+v", content, d)
				}
				d.discard()
			}
		})
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(s.dir.file("archives")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

// FuzzReadDeploy checks that no body of a deploy ends the server.
func FuzzReadDeploy(f *testing.F) {
	f.Add([]byte(`{"application_archive":"aGVsbG8=","previous_version":"\u0041"}`))
	f.Add([]byte(`{"a":[{}],"application_archive":"\`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		in := &objectReader{in: bufio.NewReader(strings.NewReader(string(body)))}
		_ = in.fields(func(name string) error {
			if name == "application_archive" && in.atText() {
				_, err := io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding, in.text()))
				return err
			}
			_, err := in.scalar()
			return err
		})
	})
}

func TestArchiveLimit(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.archiveLimit = 1000
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	body := `{"application_archive":"` + base64.StdEncoding.EncodeToString(make([]byte, 1001)) + `"}`
	wantRefusal(t, s, "POST", "applications/shop", body, 413, "the application archive is larger than 1000 bytes")
	deployed(t, s, "shop", appFiles{})
}

// A client that sends a large body before it reads still gets the refusal.
func TestRefusalOfALargeUpload(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *Options) { o.KeepBodies = true })
	body := `{"application_archive":"` + strings.Repeat("AAAA", 2<<20) + `"}`
	wantRefusal(t, s, "POST", "applications/nosuch", body, 404, "application nosuch not found")
	for _, r := range s.Requests() {
		if len(r.Body) != keptBody {
			t.Errorf("%d bytes of the body are kept", len(r.Body))
		}
	}
}

// An archive that cannot be unpacked is refused as the client's fault, and changes nothing.
func TestBadArchives(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	const refused = "the application archive cannot be unpacked: "
	tests := map[string]struct {
		header  zip.FileHeader
		mode    fs.FileMode
		message string
	}{
		"traversal": {zip.FileHeader{Name: "../evil"}, 0o644, refused + "../evil: the name leads out of the archive"},
		"hidden":    {zip.FileHeader{Name: "a/../../evil"}, 0o644, refused + "a/../../evil: the name leads out of the archive"},
		"absolute":  {zip.FileHeader{Name: "/etc/cron.d/evil"}, 0o644, refused + "/etc/cron.d/evil: the name leads out of the archive"},
		"backslash": {zip.FileHeader{Name: `..\evil`}, 0o644, refused + `..\evil: the name leads out of the archive`},
		"link":      {zip.FileHeader{Name: "link"}, 0o777 | fs.ModeSymlink, refused + "link: it is neither a file nor a folder"},
		"device":    {zip.FileHeader{Name: "null"}, 0o666 | fs.ModeDevice | fs.ModeCharDevice, refused + "null: it is neither a file nor a folder"},
		"bomb":      {zip.FileHeader{Name: "bomb", UncompressedSize64: 3 << 30}, 0o644, refused + "its files are larger than 2147483648 bytes together"},
	}
	for name, test := range tests {
		var archive bytes.Buffer
		w := zip.NewWriter(&archive)
		if _, err := w.Create("dbos-config.yaml"); err != nil {
			t.Fatal(err)
		}
		test.header.SetMode(test.mode)
		if _, err := w.CreateRaw(&test.header); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		body := `{"application_archive":"` + base64.StdEncoding.EncodeToString(archive.Bytes()) + `"}`
		wantRefusal(t, s, "POST", "applications/shop", body, 400, test.message)
	}
	wantRefusal(t, s, "POST", "applications/shop", `{"application_archive":"AAAA"}`, 400, "application_archive is not a zip archive")
	deployed(t, s, "shop", configured(""))
}
