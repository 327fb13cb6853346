// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// instances is a service that knows only instances. A test can put other answers to writes in front of it.
type instances struct {
	writes http.HandlerFunc // nil carries every write out

	mu      sync.Mutex
	users   map[string]string // of the instances that there are
	creates int               // that were carried out
}

func (s *instances) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1alpha1/acme/databases/userdb")
	if name, ok := strings.CutPrefix(path, "/info/"); ok {
		s.info(w, r, name)
		return
	}
	if s.writes == nil {
		s.carryOut(w, r)
		return
	}
	s.writes(w, r)
}

func (s *instances) info(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.users[name]
	if !ok {
		wiretest.Refuse(404, "database instance "+name+" not found")(w, r)
		return
	}
	wiretest.OK(fmt.Sprintf(`{"PostgresInstanceName":%q,"Status":"creating","DatabaseUsername":%q,"IsLinked":false}`, name, user))(w, r)
}

// carryOut creates or deletes pg_main.
func (s *instances) carryOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.users["pg_main"]
	switch {
	case r.Method == "DELETE":
		delete(s.users, "pg_main")
	case taken:
		wiretest.Refuse(409, "database instance pg_main already exists")(w, r)
		return
	default:
		s.users["pg_main"] = "alice"
		s.creates++
	}
	wiretest.OK("")(w, r)
}

// butThen carries a write out, and then answers it in another way.
func (s *instances) butThen(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.carryOut(httptest.NewRecorder(), r)
		answer(w, r)
	}
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
	if found, err := c.CreateInstance(t.Context(), newInstance); found || err != nil {
		t.Fatal(found, err)
	}
	w.Expect(t, lookUp, post)
	w.ExpectWrites(t, post+` {"Name":"pg_main","AdminName":"alice","AdminPassword":"secret-secret"}`)
}

func TestRestoreInstance(t *testing.T) {
	t.Parallel()
	s := &instances{users: map[string]string{"pg_src": "alice"}}
	c, w := wired(t, s.ServeHTTP)
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.FixedZone("", 2*60*60))
	if found, err := c.RestoreInstance(t.Context(), RestoreInstance{Source: "pg_src", Name: "pg_main", Time: at}); found || err != nil {
		t.Fatal(found, err)
	}
	w.Expect(t, lookUp, restore)
	w.ExpectWrites(t, restore+` {"RestoreName":"pg_main","RestoreTimestamp":"2026-03-04T03:06:07.89Z"}`)
}

func TestCreatedOnce(t *testing.T) {
	t.Parallel()
	lose := wiretest.Lose
	for name, test := range map[string]struct {
		answers func(s *instances) []http.HandlerFunc // to the first creates; then they are carried out
		found   bool
		posts   int
		after   int // looks after the first post
	}{
		"answer lost":          {func(s *instances) []http.HandlerFunc { return []http.HandlerFunc{s.butThen(lose)} }, true, 1, 1},
		"hang after it":        {func(s *instances) []http.HandlerFunc { return []http.HandlerFunc{s.butThen(wiretest.Hang)} }, true, 1, 1},
		"never arrived":        {answering(lose), false, 2, 4},
		"hang before it":       {answering(wiretest.Hang), false, 2, 4},
		"502, not carried out": {answering(wiretest.BadGateway), false, 2, 4},
		"429":                  {answering(wiretest.Say(429, "")), false, 2, 0},
		"busy":                 {answering(wiretest.Refuse(409, "not in available state")), false, 2, 0},
		"HTML in front of 200": {answering(wiretest.OK("<html>")), false, 2, 4},
		"three times in a row": {answering(lose, lose, lose), false, 4, 12},
		"lost at the third":    {func(s *instances) []http.HandlerFunc { return []http.HandlerFunc{lose, lose, s.butThen(lose)} }, true, 3, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}}
				s.writes = wiretest.InTurn(append(test.answers(s), s.carryOut)...)
				c, w := wired(t, s.ServeHTTP)
				found, err := c.CreateInstance(t.Context(), newInstance)
				if err != nil || found != test.found {
					t.Errorf("found: %t, %v", found, err)
				}
				if s.created() != 1 || w.Count(post) != test.posts || w.Count(lookUp) != 1+test.after {
					t.Errorf("%d creates were accepted, calls: %q", s.created(), w.Calls())
				}
			})
		})
	}
}

// answering returns answers that need no service.
func answering(list ...http.HandlerFunc) func(*instances) []http.HandlerFunc {
	return func(*instances) []http.HandlerFunc { return list }
}

func TestRestoredOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{"pg_src": "alice"}}
		s.writes = s.butThen(wiretest.Lose)
		c, w := wired(t, s.ServeHTTP)
		found, err := c.RestoreInstance(t.Context(), RestoreInstance{Source: "pg_src", Name: "pg_main", Time: time.Now()})
		if !found || err != nil {
			t.Errorf("found: %t, %v", found, err)
		}
		w.Expect(t, lookUp, restore, lookUp, "GET /acme/databases/userdb/info/pg_src")
	})
}

func TestRecordComesLate(t *testing.T) {
	t.Parallel()
	taken := wiretest.Refuse(409, "database instance pg_main already exists")
	for name, test := range map[string]struct {
		after time.Duration
		posts int
	}{
		"before the create is sent again": {2 * time.Second, 1},
		"after that":                      {5 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}}
				s.writes = wiretest.InTurn(func(w http.ResponseWriter, r *http.Request) {
					time.AfterFunc(test.after, func() { s.put("alice") })
					wiretest.Lose(w, r)
				}, taken)
				c, w := wired(t, s.ServeHTTP)
				if found, err := c.CreateInstance(t.Context(), newInstance); !found || err != nil || w.Count(post) != test.posts {
					t.Errorf("found: %t, %v, calls: %q", found, err, w.Calls())
				}
			})
		})
	}
}

func TestTakenAndNeverSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}}
		s.writes = wiretest.InTurn(wiretest.Lose, wiretest.Refuse(409, "database instance pg_main already exists"))
		c, w := wired(t, s.ServeHTTP)
		found, err := c.CreateInstance(t.Context(), newInstance)
		wiretest.ExpectError(t, err, "unexpected EOF", `the database instance "pg_main" was probably created, but it did not appear within 1m0s`)
		if found || errors.Is(err, ErrExists) || !OutcomeUnknown(err) || w.Count(post) != 2 {
			t.Errorf("found: %t, %v, calls: %q", found, err, w.Calls())
		}
	})
}

func TestALinkIsNotOurs(t *testing.T) {
	t.Parallel()
	posted := false
	c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "POST":
			posted = true
			wiretest.Lose(w, r)
		case !posted:
			wiretest.Refuse(404, "database instance pg_main not found")(w, r)
		default:
			wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"available","DatabaseUsername":"alice","IsLinked":true}`)(w, r)
		}
	})
	found, err := c.CreateInstance(t.Context(), newInstance)
	wiretest.ExpectError(t, err, "already exists, created by somebody else in the meantime: it is a linked database")
	if found || !errors.Is(err, ErrExists) {
		t.Errorf("found: %t, %v", found, err)
	}
}

func TestNothingForeignIsOurs(t *testing.T) {
	t.Parallel()
	taken := wiretest.Refuse(409, "database instance pg_main already exists")
	for name, test := range map[string]struct {
		before  string           // the user of an instance that is there already
		between string           // and of one that somebody makes before the create arrives
		answer  http.HandlerFunc // to the create
		want    string
		calls   []string
	}{
		"taken before": {
			before: "alice",
			want:   `database instance "pg_main" already exists`,
			calls:  []string{lookUp},
		},
		"taken between the look and the create": {
			between: "alice", answer: taken,
			want:  `database instance "pg_main" already exists`,
			calls: []string{lookUp, post, lookUp},
		},
		"of another user after a lost answer": {
			between: "mallory", answer: wiretest.Lose,
			want:  `database instance "pg_main" already exists, created by somebody else in the meantime: its user is "mallory"`,
			calls: []string{lookUp, post, lookUp},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}}
				s.put(test.before)
				s.writes = func(w http.ResponseWriter, r *http.Request) {
					s.put(test.between)
					test.answer(w, r)
				}
				c, w := wired(t, s.ServeHTTP)
				found, err := c.CreateInstance(t.Context(), newInstance)
				wiretest.ExpectMessage(t, err, test.want)
				if found || !errors.Is(err, ErrExists) || OutcomeUnknown(err) {
					t.Errorf("found: %t, %v", found, err)
				}
				w.Expect(t, test.calls...)
			})
		})
	}
}

func TestRefusedCreate(t *testing.T) {
	t.Parallel()
	for message, status := range map[string]int{"the name is too short": 400, "quota of instances exceeded": 409, "no right to provision": 403} {
		s := &instances{users: map[string]string{}, writes: wiretest.Refuse(status, message)}
		c, w := wired(t, s.ServeHTTP)
		found, err := c.CreateInstance(t.Context(), newInstance)
		wiretest.ExpectError(t, err, message)
		if found || errors.Is(err, ErrExists) || OutcomeUnknown(err) || w.Count(post) != 1 {
			t.Errorf("%q: found: %t, %v, %q", message, found, err, w.Calls())
		}
	}
}

func TestNoCreateWithoutALook(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"refused": wiretest.Refuse(403, "no"),
		"HTML":    wiretest.Say(404, "<html>"),
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
		c, w := scripted(t, wiretest.Script{
			lookUp: {wiretest.Refuse(404, "database instance pg_main not found"), wiretest.BadGateway},
			post:   {wiretest.Lose},
		})
		found, err := c.CreateInstance(t.Context(), newInstance)
		wiretest.ExpectError(t, err, "no answer to POST /v1alpha1/acme/databases/userdb", `the check whether the database instance "pg_main" exists failed too`, "502 Bad Gateway")
		if found || !OutcomeUnknown(err) || w.Count(post) != 1 {
			t.Errorf("found: %t, %v, %q", found, err, w.Calls())
		}
	})
}

func TestInterruptedCreateIsKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(s *instances) http.HandlerFunc
		kept   bool
		found  bool
	}{
		"answer comes in time": {func(s *instances) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(10*time.Second + 300*time.Millisecond)
				s.carryOut(w, r)
			}
		}, true, false},
		"answer never comes": {func(s *instances) http.HandlerFunc { return s.butThen(wiretest.Hang) }, true, true},
		"never arrived":      {func(*instances) http.HandlerFunc { return wiretest.Hang }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &instances{users: map[string]string{}}
				s.writes = test.answer(s)
				c, w := wired(t, s.ServeHTTP)
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(10*time.Second, interrupt)
				begun := time.Now()
				found, err := c.CreateInstance(ctx, newInstance)
				if (err == nil) != test.kept || found != test.found {
					t.Errorf("found: %t, %v", found, err)
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

// TestInterruptedRestoreIsCompared finds somebody else's instance after an interrupt. There is still time to read the
// source, and to see that the user is another.
func TestInterruptedRestoreIsCompared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{"pg_src": "alice"}}
		s.writes = func(w http.ResponseWriter, r *http.Request) {
			s.put("mallory")
			wiretest.Hang(w, r)
		}
		c, _ := wired(t, s.ServeHTTP)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.RestoreInstance(ctx, RestoreInstance{Source: "pg_src", Name: "pg_main", Time: time.Now()})
		wiretest.ExpectMessage(t, err, `database instance "pg_main" already exists, created by somebody else in the meantime: its user is "mallory"`)
	})
}

func TestCreateThatNeverSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &instances{users: map[string]string{}, writes: wiretest.Refuse(500, "out of order")}
		c, _ := wired(t, s.ServeHTTP)
		begun := time.Now()
		_, err := c.CreateInstance(t.Context(), newInstance)
		wiretest.ExpectError(t, err, `"out of order"`, "500 Internal Server Error to POST")
		if took := time.Since(begun); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSetInstancePassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const call = "POST /acme/databases/userdb/pg_main/credentials"
		c, w := scripted(t, wiretest.Script{call: {wiretest.Lose, wiretest.OK("")}})
		if err := c.SetInstancePassword(t.Context(), "pg_main", "a<b>&c+secret"); err != nil {
			t.Fatal(err)
		}
		const body = ` {"Password":"a<b>&c+secret"}`
		w.ExpectWrites(t, call+body, call+body)
	})
}

func TestPasswordOfAMissingInstance(t *testing.T) {
	t.Parallel()
	c, w := wired(t, wiretest.Refuse(404, "database instance pg_main not found"))
	if err := c.SetInstancePassword(t.Context(), "pg_main", "secret-secret"); !IsNotFound(err) || len(w.Calls()) != 1 {
		t.Errorf("error is %v, calls %q", err, w.Calls())
	}
}

func TestDeleteInstance(t *testing.T) {
	t.Parallel()
	const remove = "DELETE /acme/databases/userdb/pg_main"
	absent := wiretest.Refuse(404, "database instance pg_main not found")
	there := wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"available"}`)
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		look    http.HandlerFunc // nil: there is none
		calls   []string
		want    string // "" is success
	}{
		"there":       {[]http.HandlerFunc{wiretest.OK("")}, nil, []string{remove}, ""},
		"gone":        {[]http.HandlerFunc{absent}, nil, []string{remove}, ""},
		"answer lost": {[]http.HandlerFunc{wiretest.Lose, absent}, nil, []string{remove, remove}, ""},
		"just gone":   {[]http.HandlerFunc{wiretest.Refuse(400, "pg_main is already being deleted")}, absent, []string{remove, lookUp}, ""},
		"going": {
			[]http.HandlerFunc{wiretest.Refuse(400, "pg_main is already being deleted")}, wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"Deleting"}`),
			[]string{remove, lookUp}, "",
		},
		"refused":  {[]http.HandlerFunc{wiretest.Refuse(400, "applications use it")}, there, []string{remove, lookUp}, `"applications use it"`},
		"no right": {[]http.HandlerFunc{wiretest.Refuse(403, "no right")}, nil, []string{remove}, `"no right"`},
		"HTML":     {[]http.HandlerFunc{wiretest.Say(404, "<html>")}, nil, []string{remove}, "with HTML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				script := wiretest.Script{remove: test.answers}
				if test.look != nil {
					script[lookUp] = []http.HandlerFunc{test.look}
				}
				c, w := scripted(t, script)
				err := c.DeleteInstance(t.Context(), "pg_main")
				if test.want != "" {
					wiretest.ExpectError(t, err, test.want)
				} else if err != nil {
					t.Error(err)
				}
				w.Expect(t, test.calls...)
			})
		})
	}
}

// TestDeleteThatNeverSucceeds checks that a failure of the service is not taken for a refusal, which a look would
// explain.
func TestDeleteThatNeverSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := scripted(t, wiretest.Script{"DELETE /acme/databases/userdb/pg_main": {wiretest.Refuse(500, "out of order")}})
		if err := c.DeleteInstance(t.Context(), "pg_main"); !OutcomeUnknown(err) || w.Count(lookUp) != 0 {
			t.Errorf("%v, calls: %q", err, w.Calls())
		}
	})
}

func TestNamesInPaths(t *testing.T) {
	t.Parallel()
	c, w := wired(t, wiretest.OK(""))
	if err := c.DeleteInstance(t.Context(), "a/../b c?d#e%2f"); err != nil {
		t.Error(err)
	}
	w.Expect(t, "DELETE /acme/databases/userdb/a%2F..%2Fb%20c%3Fd%23e%252f")
	for _, name := range []string{"", ".", ".."} {
		wiretest.ExpectError(t, c.DeleteInstance(t.Context(), name), "cannot be part of the path of a call")
	}
	if len(w.Calls()) != 1 {
		t.Errorf("calls: %q", w.Calls())
	}
}
