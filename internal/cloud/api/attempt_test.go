// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestHangIsAnError(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"before the headers": wiretest.Hang,
		"within the body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `[{"Postgres`)
			_ = http.NewResponseController(w).Flush()
			wiretest.Hang(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, wiretest.Serve(t, handler), func(cfg *Config) { cfg.RequestTimeout = 100 * time.Millisecond })
			begun := time.Now()
			err := list(t.Context(), c, Poll)
			wiretest.ExpectError(t, err, "GET /v1alpha1/acme/databases", "no data arrived for 100ms")
			if took := time.Since(begun); took > time.Minute/2 {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// dripping is a body that gives a byte a second.
type dripping struct{ ctx context.Context }

func (b dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(p, " "), nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b dripping) Close() error { return nil }

// TestDripIsAHang checks that single bytes do not count as movement, or a call could last for ever.
func TestDripIsAHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := over(t, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: dripping{req.Context()}, Request: req}, nil
		}))
		begun := time.Now()
		wiretest.ExpectError(t, list(t.Context(), c, Poll), "GET /v1alpha1/acme/databases", "no data arrived for 1m0s")
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAnswerIsClosed(t *testing.T) {
	t.Parallel()
	body := &closing{Reader: strings.NewReader("[]")}
	c := over(t, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body, Request: req}, nil
	}))
	if err := list(t.Context(), c, Poll); err != nil || body.closed != 1 {
		t.Errorf("closed %d times, %v", body.closed, err)
	}
}

// pausing is an empty reader that takes its time.
type pausing struct {
	ctx    context.Context
	length time.Duration
}

func (p pausing) Read([]byte) (int, error) {
	select {
	case <-time.After(p.length):
		return 0, io.EOF
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}

// TestDownloadMayTakeItsTime reads an answer that takes minutes, and moves all the time.
func TestDownloadMayTakeItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := over(t, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
			pieces := []io.Reader{strings.NewReader("[]")}
			for range 5 {
				pieces = append(pieces, pausing{req.Context(), 50 * time.Second}, strings.NewReader(strings.Repeat(" ", answerStep)))
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(pieces...)), Request: req}, nil
		}))
		begun := time.Now()
		if err := list(t.Context(), c, Poll); err != nil || time.Since(begun) != 250*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	server := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range maxAnswer>>20 + 8 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	err := list(t.Context(), dial(t, server), Poll)
	wiretest.ExpectError(t, err, "with more than 16 MiB, none of which was used", "200 OK to GET /v1alpha1/acme/databases")
}

func TestBrokenOffAnswer(t *testing.T) {
	t.Parallel()
	server := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `[{"PostgresInst`)
	})
	err := list(t.Context(), dial(t, server), Poll)
	wiretest.ExpectError(t, err, `with JSON that is cut off: "[{\"PostgresInst"`, "200 OK")
}

// trickle is a body that arrives in pieces, with pauses.
type trickle struct {
	pieces int
	pause  time.Duration
}

func (b *trickle) Read(p []byte) (int, error) {
	if b.pieces == 0 {
		return 0, io.EOF
	}
	b.pieces--
	time.Sleep(b.pause)
	return copy(p, "0123456789"), nil
}

func (b *trickle) Close() error { return nil }

// slowStream is a stream of ten pieces with pauses between them.
type slowStream time.Duration

func (s slowStream) Open() (io.ReadCloser, error) { return &trickle{10, time.Duration(s)}, nil }
func (s slowStream) Size() int64                  { return 100 }

func TestUploadMayTakeItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, wiretest.OK(""))
		slow := func(pause time.Duration) error {
			return c.Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"applications", "shop"}, Stream: slowStream(pause)})
		}
		begun := time.Now()
		if err := slow(50 * time.Second); err != nil {
			t.Errorf("an upload that moves all the time: %v", err)
		}
		if took := time.Since(begun); took != 500*time.Second {
			t.Errorf("it took %s", took)
		}
		w.ExpectWrites(t, "POST /acme/applications/shop "+strings.Repeat("0123456789", 10))
	})
}

func TestUploadThatStops(t *testing.T) {
	t.Parallel()
	reading := make(chan struct{})
	server := wiretest.Serve(t, func(_ http.ResponseWriter, r *http.Request) {
		<-reading // never takes the body
	})
	t.Cleanup(func() { close(reading) })
	c := dial(t, server, func(cfg *Config) { cfg.RequestTimeout = time.Second })
	err := c.Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"applications", "shop"}, Stream: endlessStream{}})
	wiretest.ExpectError(t, err, "no answer to POST /v1alpha1/acme/applications/shop", "no data arrived for 1s")
	if !OutcomeUnknown(err) {
		t.Error("the outcome is taken for known")
	}
}

// endlessStream is a stream of unknown size that never ends.
type endlessStream struct{}

func (endlessStream) Open() (io.ReadCloser, error) { return io.NopCloser(endlessZeros{}), nil }
func (endlessStream) Size() int64                  { return 0 }

type endlessZeros struct{}

func (endlessZeros) Read(p []byte) (int, error) { return len(p), nil }

func TestRedirects(t *testing.T) {
	t.Parallel()
	var leaked atomic.Int64
	elsewhere := wiretest.Serve(t, func(http.ResponseWriter, *http.Request) { leaked.Add(1) })
	for name, test := range map[string]struct {
		method, target string
		status         int
		want           string // "" is success
	}{
		"same host":                  {"GET", "/moved", 302, ""},
		"same host, kept write":      {"POST", "/moved", 307, ""},
		"another host":               {"GET", elsewhere.URL + "/x?secret=1", 302, "with a redirect to " + strings.TrimPrefix(elsewhere.URL, "http://") + ", which is not followed (302 Found to GET /v1alpha1/acme/databases)"},
		"another host, write":        {"POST", elsewhere.URL, 307, "which is not followed"},
		"another scheme":             {"GET", "https://cloud.dbos.test/", 301, "with a redirect to cloud.dbos.test, which is not followed"},
		"another scheme of the host": {"GET", "https://HOST/moved", 301, ", which is not followed"},
		"write that becomes a read":  {"POST", "/moved", 303, "which is not followed (303 See Other to POST /v1alpha1/acme/databases)"},
		"delete that becomes a read": {"DELETE", "/moved", 302, "which is not followed"},
		"round and round":            {"GET", "/v1alpha1/acme/databases", 302, "which is not followed"},
		"user name in front of host": {"GET", "//me:pw@HOST/moved", 302, "which is not followed"},
		"nowhere":                    {"GET", "", 302, "with a redirect that leads nowhere"},
		"unreadable":                 {"GET", "http://%zz/", 302, "GET /v1alpha1/acme/databases"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/moved" {
					body, _ := io.ReadAll(r.Body)
					if r.Method != test.method || r.Header.Get("Authorization") != "Bearer "+wiretest.Token || (test.method == "POST" && string(body) != "{\"a\":1}\n") {
						wiretest.Say(400, fmt.Sprintf("%s %s", r.Method, body))(w, r)
						return
					}
					wiretest.OK(`{"PostgresInstanceName":"x"}`)(w, r)
					return
				}
				if test.target != "" {
					w.Header().Set("Location", strings.Replace(test.target, "HOST", r.Host, 1))
				}
				w.WriteHeader(test.status)
			})
			r := Request{Kind: Poll, Method: test.method, Path: []string{"databases"}}
			if test.method != "GET" {
				r.Kind, r.Body = Write, map[string]int{"a": 1}
			}
			_, err := Do[instance](t.Context(), dial(t, server), r)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wiretest.ExpectError(t, err, test.want)
			if strings.Contains(err.Error(), "secret=1") || strings.Contains(err.Error(), ":pw@") {
				t.Errorf("the target's secrets are in the error: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if leaked.Load() != 0 {
			t.Error("another host was asked")
		}
	})
}

func TestInterruptEndsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.Hang)
		for kind, within := range map[Kind]time.Duration{Read: 0, Poll: 0, IdempotentWrite: grace, Write: grace} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			begun := time.Now()
			method := "GET"
			if kind >= IdempotentWrite {
				method = "POST"
			}
			err := c.Send(ctx, Request{Kind: kind, Method: method, Path: []string{"databases"}})
			wiretest.ExpectError(t, err, method+" /v1alpha1/acme/databases", "context canceled")
			if !errors.Is(err, context.Canceled) || OutcomeUnknown(err) != (kind >= IdempotentWrite) {
				t.Errorf("error is %#v", err)
			}
			if took := time.Since(begun) - 5*time.Second; took != within {
				t.Errorf("%s ended %s after the interrupt, want %s", method, took, within)
			}
		}
	})
}

func TestInterruptedWriteIsStillAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			wiretest.OK("")(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
		defer cancel()
		r := Request{Kind: Write, Method: "POST", Path: []string{"databases", "userdb"}}
		if err := c.Send(ctx, r); err != nil {
			t.Errorf("the answer came %s after the end and was lost: %v", 200*time.Millisecond, err)
		}
		// An operation that has ended sends nothing more.
		err := c.Send(ctx, r)
		wiretest.ExpectError(t, err, "context deadline exceeded")
		if OutcomeUnknown(err) || len(w.Calls()) != 1 {
			t.Errorf("it was sent, or may have been: %v, %q", err, w.Calls())
		}
	})
}

// closing is a body that counts how often it is closed.
type closing struct {
	io.Reader
	closed int
}

func (b *closing) Close() error { b.closed++; return nil }

// TestUnsentBodyIsClosed begins a request after its operation has ended.
func TestUnsentBodyIsClosed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closing{Reader: strings.NewReader("{}")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/", body)
	if err != nil {
		t.Fatal(err)
	}
	transport := &attemptTransport{next: wiretest.New(wiretest.OK("")), timeout: time.Minute, log: slog.New(slog.DiscardHandler)}
	if _, err := transport.RoundTrip(req); !errors.Is(err, context.Canceled) || body.closed != 1 {
		t.Errorf("closed %d times, %v", body.closed, err)
	}
}

func TestOneLogLineARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const password = "hunter2-hunter2"
		var log wiretest.Journal
		answer := wiretest.InTurn(
			wiretest.Say(500, `{"message":"oops `+password+" Bearer "+wiretest.Token+`","statusCode":500,"requestID":"r-1"}`),
			wiretest.Lose,
			wiretest.With("X-Request-Id", "gw-3", wiretest.OK("")),
		)
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(50 * time.Millisecond)
			answer(w, r)
		}, func(cfg *Config) { cfg.Logger = log.Logger() })
		if err := setPassword(t.Context(), c, password); err != nil {
			t.Fatal(err)
		}
		lines := log.Lines()
		if len(lines) != 3 {
			t.Fatalf("%d lines:\n%s", len(lines), log.String())
		}
		want := []struct {
			status any
			id     any
		}{{500.0, "r-1"}, {nil, nil}, {200.0, "gw-3"}}
		for i, line := range lines {
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			if got["level"] != "DEBUG" || got["method"] != "POST" || got["path"] != "/v1alpha1/acme/databases/userdb/pg_main/credentials" ||
				got["attempt"] != float64(i+1) || got["duration"] != float64(50*time.Millisecond) ||
				got["status"] != want[i].status || got["request_id"] != want[i].id {
				t.Errorf("line %d is %s", i+1, line)
			}
		}
		for _, secret := range []string{password, wiretest.Token, "Bearer", "oops"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, log.String())
			}
		}
	})
}
