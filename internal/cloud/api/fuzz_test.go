// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// No error shows the secret that a call has sent, whatever the answer makes of it and wherever the answer breaks off.
func FuzzErrorBody(f *testing.F) {
	const secret = "Kanary-<5>+&p/q"
	forms := []string{
		secret, `Kanary-\u003c5\u003e+\u0026p/q`, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
	}
	for _, around := range [][2]string{
		{"", ""},
		{`{"message":"you sent `, `","statusCode":400,"requestID":"r"}`},
		{`{"message":"failed","DetailedError":"`, `"}`},
		{`{"message":"application is busy","requestID":"`, `"}`},
		{`{"message":7,"`, `":1}`},
		{"<html>", "</html>"},
		{"\xff\n", "\x00"},
	} {
		for form := range forms {
			f.Add(around[0], around[1], uint8(form), uint16(400+form), uint16(0))
		}
		f.Add(around[0], around[1], uint8(0), uint16(502), uint16(9))
		f.Add(around[0], around[1], uint8(2), uint16(200), uint16(12))
	}
	var status int
	var body io.Reader // may break off
	network := wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body), Request: req}, nil
	})
	cfg := testConfig(func(cfg *Config) { cfg.RetryTimeout, cfg.Transport = time.Nanosecond, network })
	c, err := New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after string, form uint8, code, left uint16) {
		written := forms[int(form)%len(forms)]
		status = 200 + int(code)%400
		body = io.Reader(strings.NewReader(before + written + after))
		if left > 0 { // The answer breaks off within the secret.
			written = written[:6+int(left)%(len(written)-5)]
			body = io.MultiReader(strings.NewReader(before+written), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		if strings.Contains(before+after, written) {
			return
		}
		_, err := Do[instance](t.Context(), c, Request{
			Kind: Poll, Method: "POST", Path: []string{"applications", "secrets"}, Object: Object{"application", "shop"},
			Body: struct{ Value string }{secret}, Secrets: []string{secret},
		})
		if err == nil {
			return
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, written) {
			t.Errorf("%q is in the error %s", written, text)
		}
	})
}
