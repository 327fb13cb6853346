// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// stages is a service whose instances change their status with time.
type stages struct {
	begun  time.Time
	status func(name string, age time.Duration) string // "404" is not found
	fail   func(age time.Duration) http.HandlerFunc    // the answer in place of the usual one, or nil
	names  []string                                    // what lists hold
}

func (s *stages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	age := time.Since(s.begun)
	if s.fail != nil {
		if answer := s.fail(age); answer != nil {
			answer(w, r)
			return
		}
	}
	record := func(name string) string {
		host := `"db.example.com"`
		status := s.status(name, age)
		if status == "creating" {
			host = "null"
		}
		return fmt.Sprintf(`{"PostgresInstanceName":%q,"Status":%q,"HostName":%s,"Port":5432}`, name, status, host)
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/v1alpha1/acme/databases/userdb/info/")
	switch {
	case !ok:
		var records []string
		for _, name := range s.names {
			if s.status(name, age) != "404" {
				records = append(records, record(name))
			}
		}
		wiretest.OK("["+strings.Join(records, ",")+"]")(w, r)
	case s.status(name, age) == "404":
		wiretest.Refuse(404, "database instance "+name+" not found")(w, r)
	default:
		wiretest.OK(record(name))(w, r)
	}
}

// after returns the status "creating" until an age, and then another.
func after(age time.Duration, status string) func(string, time.Duration) string {
	return func(_ string, now time.Duration) string {
		if now < age {
			return "creating"
		}
		return status
	}
}

// waited waits for pg_main for at most an hour, and returns the duration.
func waited(t *testing.T, s *stages, until Until) (*Instance, time.Duration, *wiretest.Wire, error) {
	t.Helper()
	s.begun = time.Now()
	c, w := wired(t, s.ServeHTTP)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	instance, err := c.WaitInstance(ctx, "pg_main", until)
	return instance, time.Since(s.begun), w, err
}

func TestWaitLooksInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		instance, took, w, err := waited(t, &stages{status: after(30*time.Minute, "available")}, Created)
		if err != nil || instance.Hostname != "db.example.com" {
			t.Fatalf("%v, %v", instance, err)
		}
		if took < 30*time.Minute || took > 30*time.Minute+15*time.Second {
			t.Errorf("it took %s", took)
		}
		last := time.Duration(0)
		for i, at := range w.Times(time.Now().Add(-took)) {
			want := max(time.Second, min(last/20, 15*time.Second))
			if pause := at - last; pause != want {
				t.Errorf("look %d comes %s after the one at %s, want %s", i, pause, last, want)
			}
			last = at
		}
		if n := w.Count(lookUp); n != len(w.Calls()) {
			t.Errorf("calls: %q", w.Calls()[:5])
		}
	})
}

func TestWaitNoticesSoon(t *testing.T) {
	t.Parallel()
	for age, late := range map[time.Duration]time.Duration{
		100 * time.Millisecond: time.Second, 12 * time.Second: 1500 * time.Millisecond, 5 * time.Minute: 15 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, took, _, err := waited(t, &stages{status: after(age, "available")}, Created)
			if err != nil || took-age > late {
				t.Errorf("ready after %s is noticed %s late, %v", age, took-age, err)
			}
		})
	}
}

// TestReadyNeedsNoPause checks that a change of a ready instance costs no pause.
func TestReadyNeedsNoPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, took, w, err := waited(t, &stages{status: after(0, "available")}, Ready)
		if err != nil || took != 0 || len(w.Calls()) != 1 {
			t.Errorf("it took %s and the calls %q, %v", took, w.Calls(), err)
		}
	})
}

func TestManyWaitForThePriceOfOne(t *testing.T) {
	t.Parallel()
	for _, age := range []time.Duration{12 * time.Second, 5 * time.Minute} {
		polls := func(t *testing.T, n int) int {
			t.Helper()
			s := &stages{begun: time.Now(), names: numbered(n), status: after(age, "available")}
			c, w := wired(t, s.ServeHTTP)
			var all sync.WaitGroup
			for i, name := range s.names {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 10 * time.Millisecond) // as the creates are answered
					if _, err := c.WaitInstance(t.Context(), name, Created); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return len(w.Calls())
		}
		synctest.Test(t, func(t *testing.T) {
			one, hundred := polls(t, 1), polls(t, 100)
			if float64(hundred) > 1.2*float64(one)+1 {
				t.Errorf("%d polls for 100 instances of %s, %d for one", hundred, age, one)
			}
		})
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	const never = time.Hour
	fixed := func(status string) func(string, time.Duration) string {
		return func(string, time.Duration) string { return status }
	}
	for name, test := range map[string]struct {
		until  Until
		status func(string, time.Duration) string
		within time.Duration // never: the deadline
		dead   bool
		want   string // "" is success
	}{
		"backing-up":              {Created, fixed("backing-up"), time.Second, false, ""},
		"ready":                   {Ready, fixed("available"), time.Second, false, ""},
		"unknown word":            {Created, fixed("upgrading-the-flux"), never, false, `the last status was "upgrading-the-flux": context deadline exceeded`},
		"no word":                 {Created, fixed(""), never, false, "its status could not be read: context deadline exceeded"},
		"stopped":                 {Ready, fixed("stopped"), never, false, `the last status was "stopped"`},
		"failed":                  {Created, after(10*time.Second, "failed"), 11 * time.Second, true, `database instance "pg_main" is in status "failed"`},
		"incompatible-restore":    {Created, fixed("incompatible-restore"), time.Second, true, `"incompatible-restore"`},
		"storage-full":            {Ready, fixed("storage-full"), time.Second, true, `"storage-full"`},
		"no key":                  {Ready, fixed("inaccessible-encryption-credentials"), time.Second, true, `"inaccessible-encryption-credentials"`},
		"incompatible-parameters": {ReadyAgain, fixed("incompatible-parameters"), time.Second, true, `"incompatible-parameters"`},
		"deleting, while created": {Created, fixed("deleting"), time.Second, true, `"deleting"`},
		"not found, to be ready":  {Ready, fixed("404"), time.Second, false, `"database instance pg_main not found"`},
		"not found, for too long": {Created, fixed("404"), time.Minute + 5*time.Second, false, `"database instance pg_main not found"`},
		"gone":                    {Gone, after(10*time.Second, "404"), 11 * time.Second, false, ""},
		"deleting, to be gone": {Gone, func(_ string, age time.Duration) string {
			return map[bool]string{true: "deleting", false: "404"}[age < 10*time.Second]
		}, 11 * time.Second, false, ""},
		"failed, to be gone":     {Gone, fixed("failed"), never, false, `the last status was "failed": context deadline exceeded`},
		"available, without end": {Gone, fixed("available"), never, false, `the last status was "available"`},
		"appears after a moment": {Created, func(_ string, age time.Duration) string {
			return map[bool]string{true: "404", false: "available"}[age < 5*time.Second]
		}, 6 * time.Second, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				instance, took, _, err := waited(t, &stages{status: test.status}, test.until)
				if took > test.within || test.within == never && took != never {
					t.Errorf("it took %s, want %s", took, test.within)
				}
				if test.want == "" {
					if err != nil || (instance == nil) != (test.until == Gone) {
						t.Errorf("%v, %v", instance, err)
					}
					return
				}
				wiretest.ExpectError(t, err, `database instance "pg_main"`, test.want)
				var e *WaitError
				if !errors.As(err, &e) || e.DeadEnd != test.dead || e.Name != "pg_main" || e.Kind != "database instance" {
					t.Errorf("error is %#v", err)
				}
				if errors.Is(err, context.DeadlineExceeded) != (test.within == never) {
					t.Errorf("a dead end is called a timeout, or the other way round: %v", err)
				}
			})
		})
	}
}

func TestReadyAgain(t *testing.T) {
	t.Parallel()
	phases := func(ends ...any) func(string, time.Duration) string {
		return func(_ string, age time.Duration) string {
			for i := 0; i+1 < len(ends); i += 2 {
				if end, ok := ends[i+1].(time.Duration); ok && age < end {
					return fmt.Sprint(ends[i])
				}
			}
			return fmt.Sprint(ends[len(ends)-1])
		}
	}
	for name, test := range map[string]struct {
		status func(string, time.Duration) string
		took   time.Duration
	}{
		"never left ready":       {phases("available"), 6 * time.Second},
		"another status at once": {phases("resetting-master-credentials", 4*time.Second, "available"), 4 * time.Second},
		"old answers at first":   {phases("available", 3*time.Second, "resetting-master-credentials", 8*time.Second, "available"), 8 * time.Second},
		"in and out":             {phases("modifying", 1500*time.Millisecond, "available"), 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if _, took, _, err := waited(t, &stages{status: test.status}, ReadyAgain); err != nil || took != test.took {
					t.Errorf("it took %s, want %s, %v", took, test.took, err)
				}
			})
		})
	}
}

// between gives an answer from one age to another.
func between(from, to time.Duration, answer http.HandlerFunc) func(time.Duration) http.HandlerFunc {
	return func(age time.Duration) http.HandlerFunc {
		if age < from || age >= to {
			return nil
		}
		return answer
	}
}

func TestFailedPolls(t *testing.T) {
	t.Parallel()
	page := func(status int) http.HandlerFunc { return wiretest.Say(status, "<html>") }
	const forever = 10 * time.Hour
	for name, test := range map[string]struct {
		until Until
		fail  func(time.Duration) http.HandlerFunc
		ends  time.Duration // 0: the wait succeeds soon after 15 min
		want  string
	}{
		"5xx for minutes":      {Created, between(time.Minute, 10*time.Minute, page(502)), 0, ""},
		"broken for minutes":   {Created, between(time.Minute, 10*time.Minute, wiretest.Lose), 0, ""},
		"half answers":         {Created, between(time.Minute, 10*time.Minute, wiretest.OK(`{"Postg`)), 0, ""},
		"throttled":            {Created, between(time.Minute, 10*time.Minute, page(429)), 0, ""},
		"throttled by the API": {Created, between(time.Minute, 10*time.Minute, wiretest.Refuse(429, "slow down")), 0, ""},
		"408 of the API":       {Created, between(time.Minute, 10*time.Minute, wiretest.Refuse(408, "too slow")), 0, ""},
		"busy":                 {Created, between(time.Minute, 10*time.Minute, wiretest.Busy), 0, ""},
		"a proxy's 404":        {Ready, between(time.Minute, 10*time.Minute, page(404)), 0, ""},
		"every other time": {Ready, func(age time.Duration) http.HandlerFunc {
			if int(age.Seconds())%2 == 1 {
				return wiretest.Say(500, "")
			}
			return nil
		}, 0, ""},
		"5xx without end":        {Created, between(5*time.Minute, forever, page(502)), 15*time.Minute + 30*time.Second, `the last status was "creating": every read failed for 10m`},
		"a proxy's 404, forever": {Gone, between(0, forever, page(404)), 10*time.Minute + 30*time.Second, "its status could not be read: every read failed for 10m"},
		"a proxy's 403":          {Created, between(time.Minute, 9*time.Minute, page(403)), 0, ""},
		"a gateway's 401":        {Created, between(time.Minute, 9*time.Minute, wiretest.Say(401, `{"message":"Unauthorized"}`)), 0, ""},
		"refused":                {Created, between(time.Minute, forever, wiretest.Refuse(403, "no right")), time.Minute + 5*time.Second, `the last status was "creating": DBOS Cloud answered "no right" (403 Forbidden`},
		"refused login":          {Gone, between(0, forever, wiretest.Refuse(401, "expired")), time.Second, `"expired"`},
		"a missing organization": {Gone, between(0, forever, wiretest.Refuse(404, "organization acme not found")), time.Second, `"organization acme not found"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, took, _, err := waited(t, &stages{status: after(15*time.Minute, "available"), fail: test.fail}, test.until)
				if test.ends == 0 {
					if err != nil || took > 15*time.Minute+31*time.Second {
						t.Errorf("after %s: %v", took, err)
					}
					return
				}
				wiretest.ExpectError(t, err, test.want)
				if took > test.ends || took < test.ends-time.Minute {
					t.Errorf("it took %s, want %s", took, test.ends)
				}
			})
		})
	}
}

// TestWaitOutlastsTheAuthServer lets a wait go on while no token can be had.
func TestWaitOutlastsTheAuthServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/oauth/token":
				wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"h"}`)(w, r)
			case time.Since(begun) < 5*time.Minute:
				wiretest.Say(503, "")(w, r)
			default:
				wiretest.OK(`{"access_token":"fresh"}`)(w, r)
			}
		}, func(cfg *Config) { cfg.Login = Login{RefreshToken: "refresh-token"} })
		if _, err := c.WaitInstance(t.Context(), "pg_main", Ready); err != nil || time.Since(begun) < 5*time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

func TestTimeoutSaysTheLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stages{
			status: after(time.Hour, "available"), begun: time.Now(),
			fail: between(time.Minute, time.Hour, wiretest.Refuse(503, "down for repair")),
		}
		c, _ := wired(t, s.ServeHTTP)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		_, err := c.WaitInstance(ctx, "pg_main", Created)
		wiretest.ExpectError(t, err, `waiting for database instance "pg_main" ended: the last status was "creating": context deadline exceeded; the last read that failed: `, `"down for repair" (503`)
	})
}

func TestHangingPollsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stages{status: after(20*time.Second, "available"), fail: between(5*time.Second, 11*time.Second, wiretest.Hang)}
		if _, took, _, err := waited(t, s, Created); err != nil || took > 25*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

func TestAnswersOfBeforeTheWaitDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			status := "failed"
			if time.Since(begun) > 2*time.Second {
				status = "available"
			}
			time.Sleep(3 * time.Second)
			wiretest.OK(fmt.Sprintf(`{"PostgresInstanceName":"pg_main","Status":%q,"HostName":"h"}`, status))(w, r)
		})
		var all sync.WaitGroup
		all.Go(func() {
			var e *WaitError
			if _, err := c.WaitInstance(t.Context(), "pg_main", Created); !errors.As(err, &e) || !e.DeadEnd {
				t.Errorf("the first one got %v", err)
			}
		})
		time.Sleep(2500 * time.Millisecond) // The first one's look, of the time before, is still under way.
		if _, err := c.WaitInstance(t.Context(), "pg_main", Created); err != nil {
			t.Errorf("the second one got what was so before it waited: %v", err)
		}
		all.Wait()
	})
}

func TestLateAnswersDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var later atomic.Bool
		begun := time.Now()
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			status := "creating"
			switch age := time.Since(begun); {
			case !later.Swap(true):
				time.Sleep(15 * time.Second)
				status = "storage-full" // of long before it comes
			case age > 20*time.Second:
				status = "available"
			}
			wiretest.OK(fmt.Sprintf(`{"PostgresInstanceName":"pg_main","Status":%q,"HostName":"h"}`, status))(w, r)
		})
		if _, err := c.WaitInstance(t.Context(), "pg_main", Created); err != nil {
			t.Error(err)
		}
	})
}

func TestPollsWaitAsTheyAreAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for header, want := range map[string]time.Duration{"40": 41 * time.Second, "3600": 61 * time.Second} { // at most a minute
			throttle := wiretest.With("Retry-After", header, wiretest.Say(429, ""))
			s := &stages{status: after(10*time.Second, "available"), fail: between(0, 6*time.Second, throttle)}
			if _, took, w, err := waited(t, s, Created); err != nil || took != want || len(w.Calls()) != 2 {
				t.Errorf("asked to wait %s s, it took %s and %d looks, %v", header, took, len(w.Calls()), err)
			}
		}
	})
}

func TestALateComerDoesNotWaitForTheNextLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stages{begun: time.Now(), names: []string{"pg_a", "pg_b"}, status: func(name string, age time.Duration) string {
			if name == "pg_b" {
				return "available"
			}
			return after(20*time.Minute, "available")(name, age)
		}}
		c, _ := wired(t, s.ServeHTTP)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.WaitInstance(t.Context(), "pg_a", Created); err != nil {
				t.Error(err)
			}
		})
		for range 20 {
			time.Sleep(29 * time.Second)
			begun := time.Now()
			if _, err := c.WaitInstance(t.Context(), "pg_b", Created); err != nil || time.Since(begun) > time.Second {
				t.Errorf("it took %s, %v", time.Since(begun), err)
			}
		}
		all.Wait()
	})
}

func TestInterruptEndsAWait(t *testing.T) {
	t.Parallel()
	creating := wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"creating"}`)
	for name, handler := range map[string]http.HandlerFunc{"hanging": wiretest.Hang, "creating": creating} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, w := wired(t, handler)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5500*time.Millisecond, cancel)
				begun := time.Now()
				_, err := c.WaitInstance(ctx, "pg_main", Created)
				if took := time.Since(begun); !errors.Is(err, context.Canceled) || took != 5500*time.Millisecond {
					t.Errorf("after %s: %v", took, err)
				}
				polls := len(w.Calls())
				time.Sleep(time.Minute)
				if n := len(w.Calls()); n != polls {
					t.Errorf("%d polls after the end", n-polls)
				}
			})
		})
	}
}

func TestWaitsComeAndGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := numbered(20)
		s := &stages{begun: time.Now(), names: names, status: func(name string, age time.Duration) string {
			if strings.HasSuffix(name, "7") {
				return "failed"
			}
			return after(30*time.Second, "available")(name, age)
		}}
		c, w := wired(t, s.ServeHTTP)
		var all sync.WaitGroup
		for i, name := range names {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 1700 * time.Millisecond)
				ctx := t.Context()
				if i%5 == 0 {
					short, cancel := context.WithTimeout(ctx, 3*time.Second)
					defer cancel()
					ctx = short
				}
				begun := time.Now()
				_, err := c.WaitInstance(ctx, name, Ready)
				took := time.Since(begun)
				var e *WaitError
				errors.As(err, &e)
				switch {
				case strings.HasSuffix(name, "7"):
					if e == nil || !e.DeadEnd || took > time.Second {
						t.Errorf("%s after %s: %v", name, took, err)
					}
				case i%5 == 0:
					if !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
						t.Errorf("%s after %s: %v", name, took, err)
					}
				case err != nil || time.Since(s.begun) > max(33*time.Second, begun.Sub(s.begun)+time.Second):
					t.Errorf("%s after %s, at %s: %v", name, took, time.Since(s.begun), err)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Hour)
		// A new wait starts a new run of the poller.
		before := len(w.Calls())
		if _, err := c.WaitInstance(t.Context(), names[0], Ready); err != nil || len(w.Calls()) != before+1 {
			t.Errorf("%d calls, %v", len(w.Calls())-before, err)
		}
	})
}

func TestGoneNeedsItsName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := numbered(3)
		s := &stages{begun: time.Now(), names: names[:1], status: func(name string, age time.Duration) string {
			if name == names[1] && age > 20*time.Second || name == names[2] {
				return "404"
			}
			return "deleting"
		}}
		c, _ := wired(t, s.ServeHTTP)
		gone := map[string]time.Duration{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, name := range names {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := c.WaitInstance(ctx, name, Gone); err == nil {
					mu.Lock()
					gone[name] = time.Since(s.begun).Round(time.Second)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(gone) != 2 || gone[names[2]] != time.Second || gone[names[1]] < 20*time.Second || gone[names[1]] > 23*time.Second {
			t.Errorf("gone are %v: one that no list holds is not gone for that", gone)
		}
	})
}

func TestProgressIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log wiretest.Journal
		s := &stages{begun: time.Now(), status: after(5*time.Minute, "available")}
		c, _ := wired(t, s.ServeHTTP, func(cfg *Config) { cfg.Logger = log.Logger() })
		if _, err := c.WaitInstance(t.Context(), "pg_main", Created); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, line := range log.Lines() {
			if strings.Contains(line, `"level":"INFO"`) {
				lines++
				if !strings.Contains(line, `"name":"pg_main"`) || !strings.Contains(line, `"status":`) {
					t.Errorf("line is %s", line)
				}
			}
		}
		if lines < 5 || lines > 8 {
			t.Errorf("%d lines of progress in 5 minutes:\n%s", lines, log.String())
		}
	})
}
