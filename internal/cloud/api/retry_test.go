// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

var refusedConnection = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// try makes one call of a kind. The network answers the first attempt with first and the second with success. try
// returns the number of attempts.
func try(t *testing.T, kind Kind, first http.HandlerFunc) (attempts int, err error) {
	t.Helper()
	c, w := wired(t, wiretest.InTurn(first, wiretest.OK(`{}`)))
	method := "GET"
	if kind >= IdempotentWrite {
		method = "POST"
	}
	_, err = Do[map[string]any](t.Context(), c, Request{Kind: kind, Method: method, Path: []string{"databases"}})
	return len(w.Calls()), err
}

func TestRepeatsByKind(t *testing.T) {
	t.Parallel()
	kinds := []Kind{Read, Poll, IdempotentWrite, Write}
	for name, test := range map[string]struct {
		first    http.HandlerFunc
		repeated []Kind
	}{
		"broken off":      {wiretest.Lose, []Kind{Read, IdempotentWrite}},
		"hang":            {wiretest.Hang, []Kind{Read, IdempotentWrite}},
		"500":             {wiretest.Refuse(500, "oops"), []Kind{Read, IdempotentWrite}},
		"502 of a proxy":  {wiretest.Say(502, "<html>"), []Kind{Read, IdempotentWrite}},
		"503":             {wiretest.Say(503, ""), []Kind{Read, IdempotentWrite}},
		"408":             {wiretest.Say(408, ""), []Kind{Read, IdempotentWrite}},
		"429":             {wiretest.Say(429, ""), []Kind{Read, IdempotentWrite, Write}},
		"busy":            {wiretest.Refuse(409, "application is busy"), []Kind{Read, IdempotentWrite, Write}},
		"not available":   {wiretest.Refuse(409, "instance is not in available state"), []Kind{Read, IdempotentWrite, Write}},
		"HTML as 200":     {wiretest.OK("<html>"), []Kind{Read, IdempotentWrite}},
		"cut off":         {wiretest.OK(`{"a":`), []Kind{Read, IdempotentWrite}},
		"nothing":         {wiretest.OK(``), []Kind{Read, IdempotentWrite}},
		"of a wrong type": {wiretest.OK(`[1]`), nil},
		"400":             {wiretest.Refuse(400, "no"), nil},
		"401":             {wiretest.Refuse(401, "no"), nil},
		"403":             {wiretest.Refuse(403, "no"), nil},
		"404":             {wiretest.Refuse(404, "not found"), nil},
		"404 of a proxy":  {wiretest.Say(404, "<html>"), nil},
		"409":             {wiretest.Refuse(409, "exists"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range kinds {
				synctest.Test(t, func(t *testing.T) {
					attempts, err := try(t, kind, test.first)
					if want := slices.Contains(test.repeated, kind); (attempts == 2) != want || (err == nil) != want {
						t.Errorf("kind %d: %d attempts, %v", kind, attempts, err)
					}
				})
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		wiretest.OK(`[]`)(w, r)
	}, func(cfg *Config) { cfg.UserAgent = "terraform-provider-dbos/1.2.3" })
	for content, call := range map[string]func() error{
		"":                 func() error { return list(t.Context(), c, Read) },
		"application/json": func() error { return setPassword(t.Context(), c, "secret-secret") },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		for header, want := range map[string]string{
			"Content-Type": content, "Accept": "application/json",
			"User-Agent": "terraform-provider-dbos/1.2.3", "Authorization": "Bearer " + wiretest.Token,
		} {
			if got.Get(header) != want {
				t.Errorf("%s is %q, want %q", header, got.Get(header), want)
			}
		}
	}
}

// TestUntilDeadlineRepeatsNoWrite refuses by a proxy. Even an operation that has to succeed repeats only calls that may
// be carried out twice.
func TestUntilDeadlineRepeatsNoWrite(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]int{IdempotentWrite: 2, Write: 1} {
		synctest.Test(t, func(t *testing.T) {
			c, w := wired(t, wiretest.InTurn(wiretest.Say(403, "<html>"), wiretest.OK("")))
			err := c.Send(UntilDeadline(t.Context()), Request{Kind: kind, Method: "POST", Path: []string{"databases"}})
			if n := len(w.Calls()); n != want || (err == nil) != (want == 2) {
				t.Errorf("kind %d: %d attempts, %v", kind, n, err)
			}
		})
	}
}

func TestUnsentIsRepeated(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Read, IdempotentWrite, Write} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			c := over(t, wiretest.RoundTripFunc(func(*http.Request) (*http.Response, error) {
				if n++; n < 4 {
					return nil, refusedConnection
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(""))}, nil
			}))
			if err := c.Send(t.Context(), Request{Kind: kind, Method: "POST", Path: []string{"databases"}}); err != nil || n != 4 {
				t.Errorf("kind %d: %d attempts, %v", kind, n, err)
			}
		})
	}
}

func TestUnsentForGood(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		final bool
	}{
		"refused":           {refusedConnection, false},
		"unknown host":      {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere.test", IsNotFound: true}}, true},
		"resolver is down":  {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "cloud.test", IsTemporary: true}}, false},
		"plain HTTP behind": {http.ErrSchemeMismatch, true},
		"proxy refuses":     {&network.ProxyError{Text: "the proxy p:3128 answered 407 Proxy Authentication Required", Final: true}, true},
		"proxy is down":     {&network.ProxyError{Text: "the proxy p:3128 answered 502 Bad Gateway"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				c := over(t, wiretest.RoundTripFunc(func(*http.Request) (*http.Response, error) {
					n++
					return nil, test.err
				}))
				begun := time.Now()
				err := c.Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"databases"}})
				wiretest.ExpectError(t, err, "no answer to POST /v1alpha1/acme/databases: "+test.err.Error())
				took := time.Since(begun)
				if test.final && (n != 1 || took != 0) || !test.final && took != 2*time.Minute {
					t.Errorf("%d attempts in %s", n, took)
				}
				if OutcomeUnknown(err) {
					t.Error("what was never sent may have been carried out")
				}
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, wiretest.Refuse(503, "down for repair"))
		begun := time.Now()
		err := read(t.Context(), c, Read)
		if got, want := err.Error(), `DBOS Cloud answered "down for repair" (503 Service Unavailable to GET /v1alpha1/acme/databases/userdb/info/pg_main, request ID req-503)`; got != want {
			t.Errorf("error is\n%s\nwant that of the last attempt\n%s", got, want)
		}
		times := w.Times(begun)
		if last := times[len(times)-1]; last != 2*time.Minute {
			t.Errorf("the last attempt was at %s, want the end of the retry timeout", last)
		}
		for i := range len(times) - 2 {
			longest := min(500*time.Millisecond<<i, 15*time.Second)
			if pause := times[i+1] - times[i]; pause < longest/2 || pause > longest {
				t.Errorf("pause %d is %s, want %s to %s", i, pause, longest/2, longest)
			}
		}
		if len(times) > 20 {
			t.Errorf("%d attempts", len(times))
		}
	})
}

func TestPausesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 50 {
		seen[Timing{}.WithDefaults().backoff(3, 0)] = true
		seen[Timing{}.WithDefaults().backoff(0, 30*time.Second)] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 pauses have only %d lengths", len(seen))
	}
}

// TestFailedMigrationIsNotWaitedFor fails a deploy of a new application. The migration misses something of the same
// name, which does not mean that the application is not visible yet.
func TestFailedMigrationIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure := wiretest.Say(400, `{"message":"shop not found","statusCode":400,"DetailedError":"table shop not found"}`)
		c, w := wired(t, failure, func(cfg *Config) { cfg.IsNew = func(Object) bool { return true } })
		err := c.Send(t.Context(), Request{
			Kind: Write, Method: "POST", Path: []string{"applications", "shop"}, Needs: []Object{{"application", "shop"}}, FailWhenBusy: true,
		})
		wiretest.ExpectError(t, err, `"shop not found"`)
		w.Expect(t, "POST /acme/applications/shop")
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() string{
		"seconds": func() string { return "20" },
		"date":    func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				if _, err := try(t, Write, wiretest.With("Retry-After", header(), wiretest.Say(429, ""))); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < 20*time.Second || took > 23*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// A refresh has no deadline of its own: an object that stays busy must not hold it up for ever.
func TestReadOfABusyObjectEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.Refuse(409, "application is busy"))
		begun := time.Now()
		err := read(t.Context(), c, Read)
		wiretest.ExpectError(t, err, `"application is busy"`)
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestRetryAfterBeyondTheBudget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status   int
		message  string
		deadline time.Duration
		want     string
	}{
		"retry timeout":     {429, "slow down", time.Hour, "it asks to wait 10m0s (Retry-After: 600), but only 2m0s is left to repeat the call"},
		"operation's":       {503, "down", time.Minute, "it asks to wait 10m0s (Retry-After: 600), but only 1m0s is left to repeat the call"},
		"busy, operation's": {409, "application is busy", 5 * time.Minute, "it asks to wait 10m0s (Retry-After: 600), but only 5m0s is left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, w := wired(t, wiretest.With("Retry-After", "600", wiretest.Refuse(test.status, test.message)))
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				begun := time.Now()
				err := read(ctx, c, IdempotentWrite)
				wiretest.ExpectError(t, err, test.want, test.message, fmt.Sprint(test.status))
				if took := time.Since(begun); took != 0 || len(w.Calls()) != 1 {
					t.Errorf("%d attempts in %s", len(w.Calls()), took)
				}
			})
		})
	}
}

func TestBusyIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := time.Now().Add(20 * time.Minute) // longer than the retry timeout
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			if time.Now().Before(free) {
				wiretest.Refuse(409, "Instance pg_main is not in available state.")(w, r)
				return
			}
			wiretest.OK("")(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := setPassword(ctx, c, "secret-secret"); err != nil {
			t.Fatal(err)
		}
		if late := time.Since(free); late > 15*time.Second || len(w.Calls()) > 200 {
			t.Errorf("done %s late, after %d attempts", late, len(w.Calls()))
		}
	})
}

func TestBusyUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.Refuse(400, "application is busy"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		begun := time.Now()
		err := setPassword(ctx, c, "secret-secret")
		wiretest.ExpectError(t, err, `"application is busy"`, "request ID req-400", "; it has been busy for 9m", "and too little time is left to wait longer")
		if !IsBusy(err) || time.Since(begun) < 9*time.Minute || time.Since(begun) > 10*time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

func TestInterruptEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.Refuse(409, "application is busy"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Second, cancel)
		begun := time.Now()
		err := setPassword(ctx, c, "secret-secret")
		if !errors.Is(err, context.Canceled) || time.Since(begun) != 100*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		wiretest.ExpectError(t, err, `"application is busy"`, "this was the last answer before the operation ended: context canceled")
	})
}

func TestLastAnswerIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.InTurn(wiretest.Refuse(503, "down for repair"), wiretest.Hang))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := read(ctx, c, Read)
		wiretest.ExpectError(t, err, "no answer to GET", "context deadline exceeded; before that: ", `"down for repair"`)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error("the deadline is not in the error")
		}
	})
}

func TestNoAttemptAtTheVeryEndOfTheOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, wiretest.Refuse(503, "down for repair"))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := read(ctx, c, Read)
		if want := `DBOS Cloud answered "down for repair" (503 Service Unavailable to GET`; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %q, want %q first", err, want)
		}
	})
}

func TestNotFoundIsFinalWithAnyStatus(t *testing.T) {
	t.Parallel()
	c, w := wired(t, wiretest.Refuse(500, "instance pg_main not found"))
	if err := read(t.Context(), c, Read); !IsNotFound(err) || len(w.Calls()) != 1 {
		t.Errorf("%d attempts, %v", len(w.Calls()), err)
	}
}

func TestHangsDoNotEatTheBudgetOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/pg_hung") {
				wiretest.Hang(w, r)
				return
			}
			wiretest.OK(`{"PostgresInstanceName":"pg_main"}`)(w, r)
		})
		begun := time.Now()
		hung := make(chan error)
		go func() {
			hung <- readOf(t.Context(), c, Read, "pg_hung")
		}()
		time.Sleep(time.Minute)
		if err := read(t.Context(), c, Read); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		wiretest.ExpectError(t, <-hung, "no answer to GET", "no data arrived for 1m0s")
		if took := time.Since(begun); took > 3*time.Minute {
			t.Errorf("the hanging call took %s", took)
		}
	})
}

func TestNoLoginIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	c, w := wired(t, nil, func(cfg *Config) { cfg.Login = login.Login{} })
	err := read(t.Context(), c, Read)
	if !errors.Is(err, login.ErrNoLogin) || len(w.Calls()) != 0 {
		t.Errorf("%d requests, %v", len(w.Calls()), err)
	}
	if OutcomeUnknown(setPassword(t.Context(), c, "secret-secret")) {
		t.Error("a call without a login may have been carried out")
	}
}
