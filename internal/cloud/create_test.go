// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// lagging is a service that shows each record only some time after it has accepted it.
type lagging struct {
	lag  time.Duration
	lose int // answers to creates that are lost, after they were carried out

	mu      sync.Mutex
	made    map[string]time.Time // by the path of the record
	creates int                  // that were carried out
}

// visible reports whether a read finds the record of a path.
func (s *lagging) visible(path string) bool {
	at, ok := s.made[path]
	return ok && time.Since(at) >= s.lag
}

func (s *lagging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1alpha1/acme/")
	switch call := r.Method + " " + path; {
	case call == "POST databases/userdb", call == "POST databases/byod":
		s.create(w, r, "databases/userdb/info/pg_main", "")
	case call == "PUT applications":
		if _, ok := s.made["databases/userdb/info/pg_main"]; ok && !s.visible("databases/userdb/info/pg_main") {
			wiretest.Refuse(404, "database pg_main not found")(w, r)
			return
		}
		s.create(w, r, "applications/shop", `"id-1"`)
	case strings.HasPrefix(path, "databases/userdb/info/") && s.visible(path):
		wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"db.example.com","Port":5432}`)(w, r)
	case strings.HasPrefix(path, "databases/"):
		wiretest.Refuse(404, "database instance pg_main not found")(w, r)
	case call == "POST applications/secrets" && s.visible("applications/shop"):
		_, name, _ := strings.Cut(string(body), `"SecretName":"`)
		name, _, _ = strings.Cut(name, `"`)
		s.made["secret "+name] = time.Now()
		wiretest.OK("")(w, r)
	case !s.visible("applications/shop"):
		wiretest.Refuse(404, "application shop not found")(w, r)
	case path == "applications/shop/secrets" && s.visible("secret KEY"):
		wiretest.OK(`["KEY"]`)(w, r)
	case path == "applications/shop/secrets", path == "applications/shop/versions":
		wiretest.OK("[]")(w, r)
	case call == "POST applications/shop":
		wiretest.OK(`{"ApplicationVersion":"v1"}`)(w, r)
	default:
		wiretest.OK(`{"Name":"shop","ID":"id-1","PostgresInstanceName":"pg_main","Status":"AVAILABLE"}`)(w, r)
	}
}

func (s *lagging) create(w http.ResponseWriter, r *http.Request, path, answer string) {
	if _, taken := s.made[path]; taken {
		wiretest.Refuse(409, path+" already exists")(w, r)
		return
	}
	s.made[path] = time.Now()
	s.creates++
	if s.lose > 0 {
		s.lose--
		wiretest.Lose(w, r)
	}
	wiretest.OK(answer)(w, r)
}

var (
	newShop = NewApplication{Name: "shop", Instance: "pg_main", Language: "node"}
	newLink = Link{Name: "pg_main", Hostname: "db.example.com", Port: 5432, Password: "secret-secret"}
)

// creates are the calls that create an object. They return only an error.
var creates = map[string]func(context.Context, *Client) error{
	"instance": func(ctx context.Context, c *Client) error {
		if _, err := c.CreateInstance(ctx, newInstance); err != nil {
			return err
		}
		_, err := c.WaitInstance(ctx, "pg_main", Created)
		return err
	},
	"link":        func(ctx context.Context, c *Client) error { _, err := c.CreateLink(ctx, newLink); return err },
	"application": func(ctx context.Context, c *Client) error { _, err := c.RegisterApplication(ctx, newShop); return err },
}

// TestCreateReturnsOnceTheRecordIsVisible delays the record by seconds after the create, with and without a lost
// answer.
func TestCreateReturnsOnceTheRecordIsVisible(t *testing.T) {
	t.Parallel()
	for name, create := range creates {
		for _, lag := range []time.Duration{0, 3 * time.Second, 40 * time.Second} {
			for _, lose := range []int{0, 1, 3} {
				t.Run(fmt.Sprintf("%s/%s/%d lost", name, lag, lose), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := &lagging{lag: lag, lose: lose, made: map[string]time.Time{}}
						c, _ := wired(t, s.ServeHTTP)
						begun := time.Now()
						if err := create(t.Context(), c); err != nil {
							t.Error(err)
						}
						if took := time.Since(begun); took < lag || took > lag+6*time.Second || s.creates != 1 {
							t.Errorf("%d creates, after %s", s.creates, took)
						}
					})
				})
			}
		}
	}
}

// TestInvisibleRecord hides the record for more than a minute. An accepted object exists, and one whose answer was lost
// may exist, but no error may say that the name belongs to somebody else.
func TestInvisibleRecord(t *testing.T) {
	t.Parallel()
	for name, create := range creates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &lagging{lag: time.Hour, made: map[string]time.Time{}}
				c, _ := wired(t, s.ServeHTTP)
				var (
					unseen *UnseenError
					wait   *WaitError
				)
				begun := time.Now()
				if err := create(t.Context(), c); !errors.As(err, &unseen) && !errors.As(err, &wait) || !IsNotFound(err) {
					t.Errorf("accepted: %v", err)
				}
				if took := time.Since(begun); took < time.Minute || took > 70*time.Second {
					t.Errorf("accepted: it took %s", took)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				s := &lagging{lag: time.Hour, lose: 1, made: map[string]time.Time{}}
				c, _ := wired(t, s.ServeHTTP)
				begun := time.Now()
				err := create(t.Context(), c)
				if !OutcomeUnknown(err) || errors.Is(err, ErrExists) || IsNotFound(err) || s.creates != 1 {
					t.Errorf("lost: %v", err)
				}
				wiretest.ExpectError(t, err, "unexpected EOF", "it did not appear within 1m0s")
				if took := time.Since(begun); took < time.Minute || took > 70*time.Second {
					t.Errorf("lost: it took %s", took)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				s := &lagging{lag: time.Hour, lose: 1, made: map[string]time.Time{}}
				c, _ := wired(t, s.ServeHTTP)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				if err := create(ctx, c); !OutcomeUnknown(err) {
					t.Errorf("interrupted: %v", err)
				}
			})
		})
	}
}

// TestSomebodyElsesNameIsNotOurs checks that a taken name is not found if none of our answers was lost.
func TestSomebodyElsesNameIsNotOurs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &lagging{lag: 3 * time.Second, made: map[string]time.Time{"applications/shop": time.Now()}}
		c, _ := wired(t, s.ServeHTTP)
		begun := time.Now()
		_, err := c.RegisterApplication(t.Context(), newShop)
		if err == nil || OutcomeUnknown(err) || time.Since(begun) != 0 {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

// TestDependentsOfANewObject asks a replica that does not know the object yet. It does not matter whether the create
// was answered, or the object was found.
func TestDependentsOfANewObject(t *testing.T) {
	t.Parallel()
	one := int64(1)
	for name, use := range map[string]func(context.Context, *Client) error{
		"deploy": func(ctx context.Context, c *Client) error {
			_, err := deploy(ctx, c, interrupting{func() {}})
			return err
		},
		"update": func(ctx context.Context, c *Client) error {
			return c.UpdateApplication(ctx, "shop", ApplicationUpdate{MinExecutors: &one})
		},
		"secret":   func(ctx context.Context, c *Client) error { return c.CreateSecret(ctx, "shop", "KEY", "value") },
		"names":    func(ctx context.Context, c *Client) error { _, err := c.FreshSecrets(ctx, "shop"); return err },
		"versions": func(ctx context.Context, c *Client) error { _, err := c.ApplicationVersions(ctx, "shop"); return err },
		"read":     func(ctx context.Context, c *Client) error { _, err := c.Application(ctx, "shop"); return err },
		"wait": func(ctx context.Context, c *Client) error {
			_, err := c.WaitInstance(ctx, "pg_main", Ready)
			return err
		},
		"wait again": func(ctx context.Context, c *Client) error {
			_, err := c.WaitInstance(ctx, "pg_main", ReadyAgain)
			return err
		},
		"register": func(ctx context.Context, c *Client) error {
			_, err := c.RegisterApplication(ctx, newShop)
			return err
		},
	} {
		for answer, lose := range map[string]int{"answered": 0, "lost": 9} {
			t.Run(name+"/"+answer, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &lagging{lose: lose, made: map[string]time.Time{}}
					c, _ := wired(t, s.ServeHTTP)
					if err := creates["link"](t.Context(), c); err != nil {
						t.Fatal(err)
					}
					if name != "register" {
						if err := creates["application"](t.Context(), c); err != nil {
							t.Fatal(err)
						}
					}
					s.lag = 5 * time.Second
					if err := use(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// TestDeletedIsGoneAtOnce checks that the patience with new objects does not delay their deletion.
func TestDeletedIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &lagging{made: map[string]time.Time{}}
		c, _ := wired(t, s.ServeHTTP)
		for _, name := range []string{"link", "application"} {
			if err := creates[name](t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		s.lag = time.Hour
		begun := time.Now()
		for _, err := range []error{
			c.DeleteApplication(t.Context(), "shop", false), c.WaitApplicationGone(t.Context(), "shop"),
			c.DeleteLink(t.Context(), "pg_main"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := c.FreshInstance(t.Context(), "pg_main"); !IsNotFound(err) || time.Since(begun) > 2*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

func TestSecretThatIsNeverListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &lagging{made: map[string]time.Time{"applications/shop": time.Now()}}
		c, _ := wired(t, s.ServeHTTP)
		begun := time.Now()
		err := c.CreateSecret(t.Context(), "shop", "OTHER", "value")
		var unseen *UnseenError
		if !errors.As(err, &unseen) || unseen.Kind != "secret" || unseen.Name != "OTHER" || time.Since(begun) < time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

// TestFreshApplicationsTakeOnlyAList checks that null does not count as an empty list, which would allow the deletion
// of an instance in use.
func TestFreshApplicationsTakeOnlyAList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, wiretest.OK("null"))
		_, err := c.FreshApplications(t.Context())
		wiretest.ExpectError(t, err, "null is not a list", "200 OK")
		if n := len(w.Calls()); n < 5 {
			t.Errorf("it was asked %d times", n)
		}
		if list, err := c.Applications(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("elsewhere null is an empty list: %v, %v", list, err)
		}
		w.Answer(wiretest.OK("[]"))
		if list, err := c.FreshApplications(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// TestUntilDeadline checks that repeats go on until the operation's deadline, beyond the retry timeout.
func TestUntilDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		lasts  time.Duration // of the trouble
		fails  bool
	}{
		"5xx for long":             {wiretest.Say(503, ""), 40 * time.Minute, false},
		"a proxy's 403":            {wiretest.Say(403, "<html>"), 5 * time.Minute, false},
		"a proxy's 403, for ever":  {wiretest.Say(403, "<html>"), time.Hour, true},
		"a refusal of the service": {wiretest.Refuse(400, "too long"), time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
					if time.Since(begun) < test.lasts {
						test.answer(w, r)
						return
					}
					wiretest.OK("")(w, r)
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := c.SetInstancePassword(UntilDeadline(ctx), "pg_main", "secret-secret"); (err != nil) != test.fails {
					t.Errorf("after %s: %v", time.Since(begun), err)
				}
				if took := time.Since(begun); test.fails && took > 11*time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
