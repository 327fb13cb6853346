// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// instances is a service that knows only instances. A test can bend its answers.
type instances struct {
	bend bent

	mu      sync.Mutex
	users   map[string]string // of the instances that there are
	creates int               // that were carried out
	n       int               // writes so far
}

// bent is one way in which the service, or a proxy before it, answers a write.
type bent func(w http.ResponseWriter, r *http.Request, n int, carryOut func())

func (s *instances) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1alpha1/acme/databases/userdb")
	if name, ok := strings.CutPrefix(path, "/info/"); ok {
		s.info(w, name)
		return
	}
	carryOut := func() { s.carryOut(w, r.Method) }
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	if s.bend == nil {
		carryOut()
		return
	}
	s.bend(w, r, n, carryOut)
}

func (s *instances) info(w http.ResponseWriter, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.users[name]
	if !ok {
		refuse(w, 404, "database instance "+name+" not found")
		return
	}
	say(w, 200, fmt.Sprintf(`{"PostgresInstanceName":%q,"Status":"creating","DatabaseUsername":%q,"IsLinked":false}`, name, user))
}

// carryOut creates or deletes pg_main.
func (s *instances) carryOut(w http.ResponseWriter, method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.users["pg_main"]
	switch {
	case method == "DELETE":
		delete(s.users, "pg_main")
	case taken:
		refuse(w, 409, "database instance pg_main already exists")
		return
	default:
		s.users["pg_main"] = "alice"
		s.creates++
	}
	say(w, 200, "")
}

// put makes pg_main appear, or disappear if the user is "".
func (s *instances) put(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users["pg_main"] = user; user == "" {
		delete(s.users, "pg_main")
	}
}

func (s *instances) created() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.creates
}

const (
	lookUp  = "GET /acme/databases/userdb/info/pg_main"
	post    = "POST /acme/databases/userdb"
	restore = "POST /acme/databases/userdb/pg_src/restore"
)

var newInstance = NewInstance{Name: "pg_main", Username: "alice", Password: "secret-secret"}

func TestCreateInstance(t *testing.T) {
	t.Parallel()
	s := &instances{users: map[string]string{}}
	c, w := wired(t, s.ServeHTTP)
	if adopted, err := c.CreateInstance(t.Context(), newInstance); adopted || err != nil {
		t.Fatal(adopted, err)
	}
	w.Expect(t, lookUp, post)
	if got, want := w.Seen[1].Body, `{"Name":"pg_main","AdminName":"alice","AdminPassword":"secret-secret"}`+"\n"; got != want {
		t.Errorf("body is %s, want %s", got, want)
	}
}

func TestRestoreInstance(t *testing.T) {
	t.Parallel()
	s := &instances{users: map[string]string{"pg_src": "alice"}}
	c, w := wired(t, s.ServeHTTP)
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.FixedZone("", 2*60*60))
	if adopted, err := c.RestoreInstance(t.Context(), RestoreInstance{Source: "pg_src", Name: "pg_main", Time: at}); adopted || err != nil {
		t.Fatal(adopted, err)
	}
	w.Expect(t, lookUp, restore)
	if got, want := w.Seen[1].Body, `{"RestoreName":"pg_main","RestoreTimestamp":"2026-03-04T03:06:07.89Z"}`+"\n"; got != want {
		t.Errorf("body is %s, want %s", got, want)
	}
}

func first(bend func(w http.ResponseWriter, r *http.Request, carryOut func())) bent {
	return func(w http.ResponseWriter, r *http.Request, n int, carryOut func()) {
		if n > 1 {
			carryOut()
			return
		}
		bend(w, r, carryOut)
	}
}

func TestCreatedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bend    bent
		adopted bool
		posts   int
		after   int // looks after the first post
	}{
		"answer lost":          {first(func(_ http.ResponseWriter, _ *http.Request, carryOut func()) { carryOut(); panic(lost) }), true, 1, 1},
		"hang after it":        {first(func(w http.ResponseWriter, r *http.Request, carryOut func()) { carryOut(); hang(w, r) }), true, 1, 1},
		"never arrived":        {first(func(http.ResponseWriter, *http.Request, func()) { panic(lost) }), false, 2, 4},
		"hang before it":       {first(func(w http.ResponseWriter, r *http.Request, _ func()) { hang(w, r) }), false, 2, 4},
		"502, not carried out": {first(func(w http.ResponseWriter, _ *http.Request, _ func()) { say(w, 502, "<html>") }), false, 2, 4},
		"429":                  {first(func(w http.ResponseWriter, _ *http.Request, _ func()) { say(w, 429, "") }), false, 2, 0},
		"busy":                 {first(func(w http.ResponseWriter, _ *http.Request, _ func()) { refuse(w, 409, "not in available state") }), false, 2, 0},
		"HTML in front of 200": {first(func(w http.ResponseWriter, _ *http.Request, _ func()) { say(w, 200, "<html>") }), false, 2, 4},
		"three times in a row": {func(_ http.ResponseWriter, _ *http.Request, n int, carryOut func()) {
			if n > 3 {
				carryOut()
				return
			}
			panic(lost)
		}, false, 4, 12},
		"lost at the third": {func(_ http.ResponseWriter, _ *http.Request, n int, carryOut func()) {
			if n == 3 {
				carryOut()
			}
			panic(lost)
		}, true, 3, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}, bend: test.bend}
				c, w := wired(t, s.ServeHTTP)
				adopted, err := c.CreateInstance(t.Context(), newInstance)
				if err != nil || adopted != test.adopted {
					t.Errorf("adopted: %t, %v", adopted, err)
				}
				if s.created() != 1 || w.Count(post) != test.posts || w.Count(lookUp) != 1+test.after {
					t.Errorf("%d creates were accepted, calls: %q", s.created(), w.Calls())
				}
			})
		})
	}
}

func TestRestoredOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{
			users: map[string]string{"pg_src": "alice"},
			bend:  first(func(_ http.ResponseWriter, _ *http.Request, carryOut func()) { carryOut(); panic(lost) }),
		}
		c, w := wired(t, s.ServeHTTP)
		adopted, err := c.RestoreInstance(t.Context(), RestoreInstance{Source: "pg_src", Name: "pg_main", Time: time.Now()})
		if !adopted || err != nil {
			t.Errorf("adopted: %t, %v", adopted, err)
		}
		w.Expect(t, lookUp, restore, lookUp, "GET /acme/databases/userdb/info/pg_src")
	})
}

func TestRecordComesLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}}
		s.bend = first(func(http.ResponseWriter, *http.Request, func()) {
			time.AfterFunc(2*time.Second, func() { s.put("alice") })
			panic(lost)
		})
		c, w := wired(t, s.ServeHTTP)
		if adopted, err := c.CreateInstance(t.Context(), newInstance); !adopted || err != nil {
			t.Errorf("adopted: %t, %v", adopted, err)
		}
		if w.Count(post) != 1 {
			t.Errorf("calls: %q", w.Calls())
		}
	})
}

func TestRecordComesVeryLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}}
		s.bend = func(w http.ResponseWriter, _ *http.Request, n int, _ func()) {
			if n == 1 {
				time.AfterFunc(5*time.Second, func() { s.put("alice") })
				panic(lost)
			}
			refuse(w, 409, "database instance pg_main already exists")
		}
		c, _ := wired(t, s.ServeHTTP)
		if adopted, err := c.CreateInstance(t.Context(), newInstance); !adopted || err != nil {
			t.Errorf("what our own lost create has made is not adopted: %t, %v", adopted, err)
		}
	})
}

func TestTakenAndNeverSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}}
		s.bend = func(w http.ResponseWriter, _ *http.Request, n int, _ func()) {
			if n == 1 {
				panic(lost)
			}
			refuse(w, 409, "database instance pg_main already exists")
		}
		c, w := wired(t, s.ServeHTTP)
		adopted, err := c.CreateInstance(t.Context(), newInstance)
		expectError(t, err, "unexpected EOF", `the database instance "pg_main" was probably made, but no look has shown it for 1m0s`)
		if adopted || errors.Is(err, ErrExists) || !OutcomeUnknown(err) || w.Count(post) != 2 {
			t.Errorf("adopted: %t, %v, calls: %q", adopted, err, w.Calls())
		}
	})
}

func TestALinkIsNotAdopted(t *testing.T) {
	t.Parallel()
	posted := false
	c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "POST":
			posted = true
			panic(lost)
		case !posted:
			refuse(w, 404, "database instance pg_main not found")
		default:
			say(w, 200, `{"PostgresInstanceName":"pg_main","Status":"available","DatabaseUsername":"alice","IsLinked":true}`)
		}
	})
	adopted, err := c.CreateInstance(t.Context(), newInstance)
	expectError(t, err, "already exists, made by somebody else meanwhile: it is a linked database")
	if adopted || !errors.Is(err, ErrExists) {
		t.Errorf("adopted: %t, %v", adopted, err)
	}
}

func TestNothingForeignIsAdopted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before map[string]string
		bend   func(s *instances) bent
		want   []string
		calls  []string
	}{
		"taken before": {
			before: map[string]string{"pg_main": "alice"},
			want:   []string{`database instance "pg_main" already exists`},
			calls:  []string{lookUp},
		},
		"taken between the look and the create": {
			bend: func(s *instances) bent {
				return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
					s.put("alice")
					refuse(w, 409, "database instance pg_main already exists")
				}
			},
			want:  []string{`database instance "pg_main" already exists`},
			calls: []string{lookUp, post, lookUp},
		},
		"of another user after a lost answer": {
			bend: func(s *instances) bent {
				return func(http.ResponseWriter, *http.Request, int, func()) {
					s.put("mallory")
					panic(lost)
				}
			},
			want:  []string{`database instance "pg_main" already exists, made by somebody else meanwhile: its user is "mallory"`},
			calls: []string{lookUp, post, lookUp},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}}
				for name, user := range test.before {
					s.users[name] = user
				}
				if test.bend != nil {
					s.bend = test.bend(s)
				}
				c, w := wired(t, s.ServeHTTP)
				adopted, err := c.CreateInstance(t.Context(), newInstance)
				expectError(t, err, test.want...)
				if adopted || !errors.Is(err, ErrExists) || OutcomeUnknown(err) {
					t.Errorf("adopted: %t, %v", adopted, err)
				}
				w.Expect(t, test.calls...)
			})
		})
	}
}

func TestRefusedCreate(t *testing.T) {
	t.Parallel()
	for message, status := range map[string]int{"the name is too short": 400, "quota of instances exceeded": 409, "no right to provision": 403} {
		s := &instances{users: map[string]string{}, bend: func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { refuse(w, status, message) }}
		c, w := wired(t, s.ServeHTTP)
		adopted, err := c.CreateInstance(t.Context(), newInstance)
		expectError(t, err, message)
		if adopted || errors.Is(err, ErrExists) || OutcomeUnknown(err) || w.Count(post) != 1 {
			t.Errorf("%q: adopted: %t, %v, %q", message, adopted, err, w.Calls())
		}
	}
}

func TestNoCreateWithoutALook(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"refused": func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "no") },
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { say(w, 404, "<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := wired(t, handler)
			if _, err := c.CreateInstance(t.Context(), newInstance); err == nil {
				t.Error("no error")
			}
			w.Expect(t, lookUp)
		})
	}
}

func TestOutcomeThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}, bend: func(http.ResponseWriter, *http.Request, int, func()) { panic(lost) }}
		posted := false
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			posted = posted || r.Method == "POST"
			if posted && r.Method == "GET" {
				say(w, 502, "<html>")
				return
			}
			s.ServeHTTP(w, r)
		})
		adopted, err := c.CreateInstance(t.Context(), newInstance)
		expectError(t, err, "no answer to POST /v1alpha1/acme/databases/userdb", `whether the database instance "pg_main" was made all the same could not be seen`, "502 Bad Gateway")
		if adopted || !OutcomeUnknown(err) || w.Count(post) != 1 {
			t.Errorf("adopted: %t, %v, %q", adopted, err, w.Calls())
		}
	})
}

func TestInterruptedCreateIsKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bend    bent
		kept    bool
		adopted bool
	}{
		"answer comes in time": {func(_ http.ResponseWriter, _ *http.Request, _ int, carryOut func()) {
			time.Sleep(10*time.Second + 300*time.Millisecond)
			carryOut()
		}, true, false},
		"answer never comes": {func(w http.ResponseWriter, r *http.Request, _ int, carryOut func()) { carryOut(); hang(w, r) }, true, true},
		"never arrived":      {func(w http.ResponseWriter, r *http.Request, _ int, _ func()) { hang(w, r) }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}, bend: test.bend}
				c, w := wired(t, s.ServeHTTP)
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(10*time.Second, interrupt)
				begun := time.Now()
				adopted, err := c.CreateInstance(ctx, newInstance)
				if (err == nil) != test.kept || adopted != test.adopted {
					t.Errorf("adopted: %t, %v", adopted, err)
				}
				if err != nil && (!OutcomeUnknown(err) || !errors.Is(err, context.Canceled)) {
					t.Errorf("error is %v", err)
				}
				if took := time.Since(begun) - 10*time.Second; took > time.Second || w.Count(post) != 1 {
					t.Errorf("it ended %s after the interrupt, calls: %q", took, w.Calls())
				}
			})
		})
	}
}

func TestCreateThatNeverSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}, bend: func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { refuse(w, 500, "out of order") }}
		c, _ := wired(t, s.ServeHTTP)
		begun := time.Now()
		_, err := c.CreateInstance(t.Context(), newInstance)
		expectError(t, err, `"out of order"`, "500 Internal Server Error to POST")
		if took := time.Since(begun); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSetInstancePassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c, w := wired(t, func(w http.ResponseWriter, _ *http.Request) {
			if n++; n == 1 {
				panic(lost)
			}
			say(w, 200, "")
		})
		if err := c.SetInstancePassword(t.Context(), "pg_main", "a<b>&c+secret"); err != nil {
			t.Fatal(err)
		}
		w.Expect(t, "POST /acme/databases/userdb/pg_main/credentials", "POST /acme/databases/userdb/pg_main/credentials")
		for _, r := range w.Seen {
			if want := `{"Password":"a<b>&c+secret"}` + "\n"; r.Body != want {
				t.Errorf("body is %s, want %s", r.Body, want)
			}
		}
	})
}

func TestPasswordOfAMissingInstance(t *testing.T) {
	t.Parallel()
	c, w := wired(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "database instance pg_main not found") })
	if err := c.SetInstancePassword(t.Context(), "pg_main", "secret-secret"); !IsNotFound(err) || len(w.Calls()) != 1 {
		t.Errorf("error is %v, calls %q", err, w.Calls())
	}
}

func TestDeleteInstance(t *testing.T) {
	t.Parallel()
	const remove = "DELETE /acme/databases/userdb/pg_main"
	for name, test := range map[string]struct {
		bend  func(s *instances) bent
		calls []string
		want  string // "" is success
	}{
		"there": {nil, []string{remove}, ""},
		"gone": {func(*instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
				refuse(w, 404, "database instance pg_main not found")
			}
		}, []string{remove}, ""},
		"answer lost": {func(*instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, n int, carryOut func()) {
				if n == 1 {
					carryOut()
					panic(lost)
				}
				refuse(w, 404, "database instance pg_main not found")
			}
		}, []string{remove, remove}, ""},
		"going": {func(s *instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
				s.put("")
				refuse(w, 400, "pg_main is already being deleted")
			}
		}, []string{remove, lookUp}, ""},
		"refused": {func(*instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { refuse(w, 400, "applications use it") }
		}, []string{remove, lookUp}, `"applications use it"`},
		"no right": {func(*instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { refuse(w, 403, "no right") }
		}, []string{remove}, `"no right"`},
		"HTML": {func(*instances) bent {
			return func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { say(w, 404, "<html>") }
		}, []string{remove}, "with HTML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{"pg_main": "alice"}}
				if test.bend != nil {
					s.bend = test.bend(s)
				}
				c, w := wired(t, s.ServeHTTP)
				err := c.DeleteInstance(t.Context(), "pg_main")
				if test.want != "" {
					expectError(t, err, test.want)
				} else if err != nil {
					t.Error(err)
				}
				if !slices.Equal(w.Calls(), test.calls) {
					t.Errorf("calls are %q, want %q", w.Calls(), test.calls)
				}
			})
		})
	}
}

func TestNamesInPaths(t *testing.T) {
	t.Parallel()
	c, w := wired(t, func(w http.ResponseWriter, _ *http.Request) { say(w, 200, "") })
	if err := c.DeleteInstance(t.Context(), "a/../b c?d#e%2f"); err != nil {
		t.Error(err)
	}
	w.Expect(t, "DELETE /acme/databases/userdb/a%2F..%2Fb%20c%3Fd%23e%252f")
	for _, name := range []string{"", ".", ".."} {
		expectError(t, c.DeleteInstance(t.Context(), name), "cannot be part of the path of a call")
	}
	if len(w.Calls()) != 1 {
		t.Errorf("calls: %q", w.Calls())
	}
}
