// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

const list = "GET /acme/databases"

func byName(name string) string { return "GET /acme/databases/userdb/info/" + name }

// shelf answers reads of its instances, each after a latency.
type shelf struct {
	latency time.Duration

	mu       sync.Mutex
	names    []string
	unlisted []string // there, and not in lists yet
	status   string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	record := func(name string) string {
		return fmt.Sprintf(`{"PostgresInstanceName":%q,"Status":%q,"HostName":"h","Port":5432}`, name, s.status)
	}
	var answer string
	if name, ok := strings.CutPrefix(r.URL.Path, "/v1alpha1/acme/databases/userdb/info/"); ok {
		for _, known := range append(s.unlisted, s.names...) {
			if known == name {
				answer = record(name)
			}
		}
	} else if r.Method == "GET" {
		records := make([]string, len(s.names))
		for i, name := range s.names {
			records[i] = record(name)
		}
		answer = "[" + strings.Join(records, ",") + "]"
	}
	s.mu.Unlock()
	time.Sleep(s.latency)
	switch {
	case answer != "":
		wiretest.OK(answer)(w, r)
	case r.Method == "GET":
		wiretest.Refuse(404, "not found")(w, r)
	default:
		wiretest.OK("")(w, r)
	}
}

func (s *shelf) set(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("pg_%04d", i)
	}
	return names
}

func TestRefreshOfAThousand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ latency, work time.Duration }{
		"no latency":        {0, 2 * time.Millisecond},
		"latency":           {50 * time.Millisecond, 2 * time.Millisecond},
		"slow between":      {50 * time.Millisecond, 80 * time.Millisecond},
		"one after another": {time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				names := numbered(1000)
				s := &shelf{latency: test.latency, names: names, status: "available"}
				c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/v1alpha1/user/profile" {
						wiretest.OK(profile)(w, r)
						return
					}
					s.ServeHTTP(w, r)
				}, noOrganization)
				queue := make(chan string, len(names))
				for _, name := range names {
					queue <- name
				}
				close(queue)
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						for name := range queue {
							got, err := c.Instance(t.Context(), name)
							if err != nil || got.Name != name {
								t.Errorf("%s is read as %v, %v", name, got, err)
							}
							time.Sleep(test.work)
						}
					})
				}
				all.Wait()
				if calls := w.Calls(); len(calls) > 3 {
					t.Errorf("%d calls: %q", len(calls), calls)
				}
			})
		})
	}
}

func TestLoneReadAsksForItsObject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), status: "available"}
		c, w := wired(t, s.ServeHTTP)
		for range 3 {
			if _, err := c.Instance(t.Context(), "pg_0001"); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		w.Expect(t, byName("pg_0001"), byName("pg_0001"), byName("pg_0001"))
	})
}

// together reads several names at once, and returns the errors by name.
func together(ctx context.Context, c *Client, names ...string) map[string]error {
	var (
		mu   sync.Mutex
		all  sync.WaitGroup
		errs = map[string]error{}
	)
	for _, name := range names {
		all.Go(func() {
			_, err := c.Instance(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			errs[name] = err
		})
	}
	all.Wait()
	return errs
}

func TestAListServesForSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), status: "available", latency: time.Millisecond}
		c, w := wired(t, s.ServeHTTP)
		together(t.Context(), c, s.names...)
		time.Sleep(5 * time.Second)
		together(t.Context(), c, s.names...)
		if got := w.Count(list); got != 1 {
			t.Errorf("%d lists: %q", got, w.Calls())
		}
		time.Sleep(10 * time.Second)
		together(t.Context(), c, s.names...)
		if got := w.Count(list); got != 2 {
			t.Errorf("%d lists: %q", got, w.Calls())
		}
	})
}

// TestAListServesALongRefresh reads without a pause for longer than a list serves otherwise.
func TestAListServesALongRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), status: "available", latency: time.Millisecond}
		c, w := wired(t, s.ServeHTTP)
		readFor := func(length time.Duration) {
			for begun := time.Now(); time.Since(begun) < length; time.Sleep(500 * time.Millisecond) {
				together(t.Context(), c, s.names...)
			}
		}
		wantLists := func(when string, want int) {
			t.Helper()
			if got := w.Count(list); got != want {
				t.Errorf("%s: %d lists, want %d", when, got, want)
			}
		}
		readFor(100 * time.Second)
		wantLists("after a long refresh", 1)
		time.Sleep(2 * time.Second)
		readFor(time.Second)
		wantLists("after a pause", 2)
		readFor(100 * time.Second)
		if err := c.SetInstancePassword(t.Context(), "pg_0001", "secret-secret"); err != nil {
			t.Fatal(err)
		}
		readFor(time.Second)
		wantLists("after a write", 3)
		readFor(5 * time.Minute)
		wantLists("after minutes without a pause", 5)
	})
}

// TestAListIsFetchedOnceByMany lets callers begin so closely together that some come just when the list has come.
func TestAListIsFetchedOnceByMany(t *testing.T) {
	t.Parallel()
	for range 5000 {
		var fetched atomic.Int64
		c := newCache(reader[string]{
			list: func(context.Context, api.Kind) ([]string, error) { fetched.Add(1); return []string{"KEY"}, nil },
			name: func(name string) string { return name },
		}, Timing{Shared: time.Minute})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if got, err := c.all(t.Context()); err != nil || len(got) != 1 {
					t.Errorf("%v, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := fetched.Load(); n != 1 {
			t.Fatalf("it is fetched %d times", n)
		}
	}
}

// TestWritesMakeListsStale reads a list before, during and after a write of two seconds. Each read needs a list of its
// own, as an older one may not show the write. A wait makes the lists stale at its end.
func TestWritesMakeListsStale(t *testing.T) {
	t.Parallel()
	instances := func(ctx context.Context, c *Client) error { _, err := c.Instances(ctx); return err }
	applications := func(ctx context.Context, c *Client) error { _, err := c.Applications(ctx); return err }
	secrets := func(ctx context.Context, c *Client) error { _, err := c.Secrets(ctx, "shop"); return err }
	memory := int64(512)
	for name, test := range map[string]struct {
		read  func(context.Context, *Client) error
		write func(context.Context, *Client) error
		lists int
	}{
		"create": {instances, func(ctx context.Context, c *Client) error {
			_, err := c.CreateInstance(ctx, NewInstance{Name: "pg_new"})
			return err
		}, 3},
		"restore": {instances, func(ctx context.Context, c *Client) error {
			_, err := c.RestoreInstance(ctx, RestoreInstance{Name: "pg_new", Source: "pg_main"})
			return err
		}, 3},
		"password": {instances, func(ctx context.Context, c *Client) error {
			return c.SetInstancePassword(ctx, "pg_main", "secret-secret")
		}, 3},
		"delete":        {instances, func(ctx context.Context, c *Client) error { return c.DeleteInstance(ctx, "pg_main") }, 3},
		"delete a link": {instances, func(ctx context.Context, c *Client) error { return c.DeleteLink(ctx, "pg_main") }, 3},
		"wait": {instances, func(ctx context.Context, c *Client) error {
			_, err := c.WaitInstance(ctx, "pg_main", Created)
			return err
		}, 2},
		"update": {applications, func(ctx context.Context, c *Client) error {
			return c.UpdateApplication(ctx, "shop", ApplicationUpdate{MemoryMiB: &memory})
		}, 3},
		"deploy":             {applications, func(ctx context.Context, c *Client) error { _, err := deployVersion(ctx, c, "v0"); return err }, 3},
		"delete application": {applications, func(ctx context.Context, c *Client) error { return c.DeleteApplication(ctx, "shop", false) }, 3},
		"wait for application": {applications, func(ctx context.Context, c *Client) error {
			_, err := c.WaitApplication(ctx, "shop", Rollout{Version: "v1"})
			return err
		}, 2},
		"wait until gone": {applications, func(ctx context.Context, c *Client) error { return c.WaitApplicationGone(ctx, "bank") }, 2},
		"secret":          {secrets, func(ctx context.Context, c *Client) error { return c.SetSecret(ctx, "shop", "KEY", "value") }, 3},
		"delete secret":   {secrets, func(ctx context.Context, c *Client) error { return c.DeleteSecret(ctx, "shop", "KEY") }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				script := runningShop(wiretest.OK(accepted))
				maps.Copy(script, wiretest.Script{
					list:                                  {wiretest.OK("[]")},
					"GET /acme/applications":              {wiretest.OK("[]")},
					"GET /acme/applications/shop/secrets": {wiretest.OK("[]")},
					"GET /acme/applications/bank":         {wiretest.Refuse(404, "application bank not found")},
					byName("pg_new"):                      {wiretest.Refuse(404, "database instance pg_new not found")},
					byName("pg_main"):                     {wiretest.OK(`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"h"}`)},
				})
				play := script.Handler(t)
				lists := 0
				c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Method != http.MethodGet:
						time.Sleep(2 * time.Second)
						wiretest.OK(accepted)(w, r)
						return
					case slices.Contains([]string{"databases", "applications", "secrets"}, path.Base(r.URL.Path)):
						lists++
					}
					play(w, r)
				})
				must := func(step string, err error) {
					if err != nil {
						t.Errorf("%s: %v", step, err)
					}
				}
				must("before", test.read(t.Context(), c))
				var during sync.WaitGroup
				during.Go(func() {
					time.Sleep(500 * time.Millisecond)
					must("during", test.read(t.Context(), c))
				})
				must("write", test.write(t.Context(), c))
				must("after", test.read(t.Context(), c))
				during.Wait()
				if lists != test.lists {
					t.Errorf("%d lists, want %d", lists, test.lists)
				}
			})
		})
	}
}

// TestAFoundInstanceIsInTheNextList reads a list while a create looks for its instance. The list shows none, so it must
// not serve once the instance is found.
func TestAFoundInstanceIsInTheNextList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		absent := wiretest.Refuse(404, "database instance pg_main not found")
		record := `{"PostgresInstanceName":"pg_main","Status":"creating"}`
		c, _ := scripted(t, wiretest.Script{
			lookUp: append(wiretest.Times(3, absent), wiretest.OK(record)),
			post:   {wiretest.Lose},
			list:   {wiretest.OK("[]"), wiretest.OK("[" + record + "]")},
		})
		var during sync.WaitGroup
		during.Go(func() {
			time.Sleep(time.Second) // The looks are at 0, 0.5 and 1.5 seconds.
			if list, err := c.Instances(t.Context()); err != nil || len(list) != 0 {
				t.Errorf("%v, %v", list, err)
			}
		})
		if found, err := c.CreateInstance(t.Context(), newInstance); !found || err != nil {
			t.Errorf("found: %t, %v", found, err)
		}
		during.Wait()
		if list, err := c.Instances(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

func TestAListUnderWayAtAWriteIsStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), status: "creating", latency: 2 * time.Second}
		c, w := wired(t, s.ServeHTTP)
		read := func(within time.Duration) *Instance {
			time.Sleep(within)
			got, err := c.Instance(t.Context(), "pg_0001")
			if err != nil {
				t.Error(err)
				return &Instance{}
			}
			return got
		}
		var all sync.WaitGroup
		all.Go(func() { read(0) })                // by name
		all.Go(func() { read(time.Millisecond) }) // begins the list
		all.Go(func() {
			time.Sleep(500 * time.Millisecond)
			s.set("available")
			if err := c.SetInstancePassword(t.Context(), "pg_0001", "secret-secret"); err != nil { // until 2.5 s
				t.Error(err)
			}
		})
		all.Go(func() {
			// The list began during the write and may show either state, so later reads may not use it.
			if got := read(time.Second); got.Status != "available" {
				t.Errorf("a read that began after the write shows %q", got.Status)
			}
		})
		all.Go(func() {
			if got := read(2600 * time.Millisecond); got.Status != "available" {
				t.Errorf("a read after the write shows %q", got.Status)
			}
		})
		all.Wait()
		if got := w.Count(list); got != 3 {
			t.Errorf("%d lists: %q", got, w.Calls())
		}
	})
}

func TestMissingInAListIsAskedByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), unlisted: []string{"pg_new"}, status: "available", latency: time.Millisecond}
		c, w := wired(t, s.ServeHTTP)
		errs := together(t.Context(), c, "pg_0000", "pg_0001", "pg_new", "pg_gone")
		if errs["pg_new"] != nil {
			t.Errorf("one that is there and not listed: %v", errs["pg_new"])
		}
		if !IsNotFound(errs["pg_gone"]) || w.Count(byName("pg_gone")) != 1 {
			t.Errorf("one that is gone: %v, calls %q", errs["pg_gone"], w.Calls())
		}
	})
}

func TestListsThatFail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		gone   bool
	}{
		"HTML":       {404, "<html>", false},
		"refused":    {403, `{"message":"no","statusCode":403}`, false},
		"null items": {200, `[null]`, false},
		"empty":      {200, `[]`, true},
		"null":       {200, `null`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Millisecond)
					if strings.HasSuffix(r.URL.Path, "/databases") {
						wiretest.Say(test.status, test.body)(w, r)
						return
					}
					wiretest.Refuse(404, "not found")(w, r)
				})
				errs := together(t.Context(), c, "pg_a", "pg_b", "pg_c")
				gone := 0
				for _, err := range errs {
					if err == nil {
						t.Error("a read succeeded")
					}
					if IsNotFound(err) {
						gone++
					}
				}
				if want := map[bool]int{true: 3, false: 1}[test.gone]; gone != want { // One of them was asked for by name.
					t.Errorf("%d of 3 count as gone, want %d: %v", gone, want, errs)
				}
			})
		})
	}
}

func TestAFailedListIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(3), status: "available", latency: time.Millisecond}
		fails := true
		c, _ := wired(t, func(w http.ResponseWriter, r *http.Request) {
			if fails && strings.HasSuffix(r.URL.Path, "/databases") {
				wiretest.Refuse(403, "no")(w, r)
				return
			}
			s.ServeHTTP(w, r)
		})
		together(t.Context(), c, s.names...)
		fails = false
		for name, err := range together(t.Context(), c, s.names...) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestOneWhoLeavesBreaksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{names: numbered(5), status: "available", latency: time.Second}
		c, w := wired(t, s.ServeHTTP)
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { together(t.Context(), c, "pg_0000") }) // by name
		synctest.Wait()
		all.Go(func() {
			for _, err := range together(impatient, c, "pg_0001") { // begins the list
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the impatient one got %v", err)
				}
			}
		})
		synctest.Wait()
		all.Go(func() {
			for name, err := range together(t.Context(), c, "pg_0002", "pg_0003") {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
		all.Wait()
		if got := w.Count(list); got != 1 {
			t.Errorf("%d lists: %q", got, w.Calls())
		}
	})
}

func TestAListNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, wiretest.Hang)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		for _, err := range together(ctx, c, "pg_a", "pg_b", "pg_c") {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		}
		synctest.Wait()
		if took := time.Since(begun); took != time.Second || len(w.Calls()) != 2 {
			t.Errorf("after %s: %q", took, w.Calls())
		}
		// Later reads begin a new call.
		w.Answer((&shelf{names: []string{"pg_a", "pg_b"}, status: "available", latency: time.Millisecond}).ServeHTTP)
		for name, err := range together(t.Context(), c, "pg_a", "pg_b") {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestInstances(t *testing.T) {
	t.Parallel()
	s := &shelf{names: []string{"zeta", "alpha", "mid"}, status: "available"}
	c, w := wired(t, s.ServeHTTP)
	got, err := c.Instances(t.Context())
	if err != nil || len(got) != 3 || got[0].Name != "alpha" || got[2].Name != "zeta" {
		t.Errorf("instances are %v, %v", got, err)
	}
	w.Expect(t, list)
}
