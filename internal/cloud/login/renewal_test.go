// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// jwt is a token that expires after d. Its name tells tokens apart.
func jwt(name string, d time.Duration) string {
	claims := fmt.Sprintf(`{"sub":"auth0|%s","exp":%d}`, name, time.Now().Add(d).Unix())
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + name
}

// stand is a control plane, an auth server, and a client of both, all on one wire.
type stand struct {
	client *http.Client
	auth   *Transport

	mu     sync.Mutex
	tokens []string // as they came to the control plane
	bodies []string
	forms  []url.Values // as they came to the auth server
}

const (
	controlPlane = "https://api.example"
	authHost     = "login.example"
)

// newStand makes both servers. accept decides whether the control plane accepts a token. exchange answers the
// exchanges.
func newStand(t *testing.T, login Login, accept func(token string) bool, exchange http.HandlerFunc) *stand {
	t.Helper()
	s := &stand{}
	wire := wiretest.New(func(w http.ResponseWriter, r *http.Request) {
		if "https://"+r.URL.Host == controlPlane {
			s.receive(t, w, r, accept)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if got := strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Content-Type"), r.UserAgent(), r.Header.Get("Authorization")}, " "); got != "POST https://login.example/base/oauth/token application/x-www-form-urlencoded the-agent " {
			t.Errorf("exchange: %s", got)
		}
		s.mu.Lock()
		s.forms = append(s.forms, r.PostForm)
		s.mu.Unlock()
		exchange(w, r)
	})
	auth, err := NewTransport(Config{Endpoint: controlPlane, AuthEndpoint: "https://" + authHost + "/base/", Login: login, UserAgent: "the-agent"}, wire)
	if err != nil {
		t.Fatal(err)
	}
	s.auth, s.client = auth, &http.Client{Transport: auth}
	return s
}

func (s *stand) receive(t *testing.T, w http.ResponseWriter, r *http.Request, accept func(token string) bool) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	s.tokens = append(s.tokens, token)
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	if !accept(token) {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (s *stand) get(t *testing.T) (int, error) {
	t.Helper()
	return s.send(t.Context(), http.MethodGet, "")
}

func (s *stand) send(ctx context.Context, method, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, controlPlane+"/v1alpha1/acme/databases", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// seen returns the names of the tokens that came to the control plane, and the number of exchanges.
func (s *stand) seen() (names []string, exchanges int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range s.tokens {
		names = append(names, token[strings.LastIndex(token, ".")+1:])
	}
	return names, len(s.forms)
}

func (s *stand) expect(t *testing.T, exchanges int, names ...string) {
	t.Helper()
	gotNames, gotExchanges := s.seen()
	if gotExchanges != exchanges || !slices.Equal(gotNames, names) {
		t.Errorf("the control plane saw the tokens %q after %d exchanges, want %q after %d", gotNames, gotExchanges, names, exchanges)
	}
}

func all(string) bool { return true }

func only(name string) func(string) bool {
	return func(token string) bool { return strings.HasSuffix(token, "."+name) }
}

// give answers an exchange with a token.
func give(token string) http.HandlerFunc {
	return wiretest.OK(fmt.Sprintf(`{"access_token":%q,"scope":"openid","expires_in":86400,"token_type":"Bearer"}`, token))
}

func noExchange(t *testing.T) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { t.Error("there was an exchange") }
}

// mint answers every exchange with a new token: fresh1, fresh2 and so on.
func mint(d time.Duration) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) { give(jwt(fmt.Sprintf("fresh%d", n.Add(1)), d))(w, r) }
}

func TestTokenIsSent(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"valid":            jwt("a", time.Hour),
		"no JWT":           "opaque.a",
		"no expiry":        "eyJhbGciOiJSUzI1NiJ9.e30.a",
		"broken payload":   "x.%%%.a",
		"payload no JSON":  "x.enF4ag.a",
		"text as expiry":   "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":"soon"}`)) + ".a",
		"absurd expiry":    "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1e300}`)) + ".a",
		"padded payload":   "x." + base64.URLEncoding.EncodeToString([]byte(`{"exp":9999999999,"ab":1}`)) + ".a",
		"fraction of exp.": "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":9999999999.5}`)) + ".a",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, Login{Token: token, RefreshToken: "zqxj-refresh"}, all, noExchange(t))
			if status, err := s.get(t); status != http.StatusOK || err != nil {
				t.Errorf("status %d, error %v", status, err)
			}
			s.expect(t, 0, "a")
		})
	}
}

func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"absent":            "",
		"expired":           jwt("a", -time.Hour),
		"within the margin": jwt("a", 30*time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, Login{Token: token, RefreshToken: "zqxj-refresh"}, all, mint(24*time.Hour))
			for range 2 {
				if status, err := s.get(t); status != http.StatusOK || err != nil {
					t.Errorf("status %d, error %v", status, err)
				}
			}
			s.expect(t, 1, "fresh1", "fresh1")
			want := url.Values{"grant_type": {"refresh_token"}, "client_id": {"G38fLmVErczEo9ioCFjVIHea6yd0qMZu"}, "refresh_token": {"zqxj-refresh"}}
			if got := s.forms[0].Encode(); got != want.Encode() {
				t.Errorf("form %s, want %s", got, want.Encode())
			}
		})
	}
}

func TestShortLivedTokenIsUsed(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, mint(20*time.Second))
	for range 3 {
		if _, err := s.get(t); err != nil {
			t.Error(err)
		}
	}
	s.expect(t, 1, "fresh1", "fresh1", "fresh1")
}

// TestClockAheadOfTheServer gives tokens that look expired from the start. The answer states their lifetime, a day.
func TestClockAheadOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, mint(-time.Hour))
		for _, pause := range []time.Duration{0, 0, 25 * time.Hour} {
			time.Sleep(pause)
			if _, err := s.get(t); err != nil {
				t.Error(err)
			}
		}
		s.expect(t, 2, "fresh1", "fresh1", "fresh2")
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	at := time.Unix(9999999999, 0)
	for name, test := range map[string]struct {
		payload string
		want    time.Time
	}{
		"raw":      {base64.RawURLEncoding.EncodeToString([]byte(`{"exp":9999999999}`)), at},
		"padded":   {base64.URLEncoding.EncodeToString([]byte(`{"exp":9999999999,"ab":1}`)), at},
		"fraction": {base64.RawURLEncoding.EncodeToString([]byte(`{"exp":9999999999.5}`)), at},
		"absurd":   {base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1e15}`)), time.Time{}},
		"negative": {base64.RawURLEncoding.EncodeToString([]byte(`{"exp":-1}`)), time.Time{}},
		"no JSON":  {"enF4ag", time.Time{}},
	} {
		if got := expiry("x." + test.payload + ".y"); !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, only("fresh1"), mint(time.Hour))
	if status, err := s.send(t.Context(), http.MethodPost, `{"Name":"db1"}`); status != http.StatusOK || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
	s.expect(t, 1, "a", "fresh1")
	if want := []string{`{"Name":"db1"}`, `{"Name":"db1"}`}; !slices.Equal(s.bodies, want) {
		t.Errorf("bodies %q, want %q", s.bodies, want)
	}
}

// TestRefusedLoginEnds refuses every token. A new one that was never accepted is not exchanged again, but for one
// attempt a minute later.
func TestRefusedLoginEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, only("none"), mint(time.Hour))
		for range 3 {
			if status, err := s.get(t); status != http.StatusUnauthorized || err != nil {
				t.Errorf("status %d, error %v", status, err)
			}
		}
		s.expect(t, 1, "a", "fresh1", "fresh1", "fresh1")
		time.Sleep(2 * time.Minute)
		if status, err := s.get(t); status != http.StatusUnauthorized || err != nil {
			t.Errorf("later: status %d, error %v", status, err)
		}
		s.expect(t, 2, "a", "fresh1", "fresh1", "fresh1", "fresh1", "fresh2")
	})
}

// TestRefusedAfterAnothersExchange refuses the old token of a second request when the first has exchanged it, and is
// not answered yet. The second uses the new token, too.
func TestRefusedAfterAnothersExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused atomic.Int64
		s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, func(token string) bool {
			if strings.HasSuffix(token, ".fresh1") {
				time.Sleep(10 * time.Second)
				return true
			}
			time.Sleep(time.Duration(refused.Add(1)) * time.Second)
			return false
		}, mint(time.Hour))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if status, err := s.get(t); status != http.StatusOK || err != nil {
					t.Errorf("status %d, error %v", status, err)
				}
			})
		}
		all.Wait()
		s.expect(t, 1, "a", "a", "fresh1", "fresh1")
	})
}

// TestLateSuccessOfAnOldToken answers a request with the old token only after the new one was refused. That says
// nothing about the new one, which is not exchanged again.
func TestLateSuccessOfAnOldToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var old atomic.Int64
		s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, func(token string) bool {
			if strings.HasSuffix(token, ".a") && old.Add(1) == 1 {
				time.Sleep(10 * time.Second)
				return true
			}
			return false
		}, mint(time.Hour))
		var slow sync.WaitGroup
		slow.Go(func() {
			if status, err := s.get(t); status != http.StatusOK || err != nil {
				t.Errorf("the slow one: status %d, error %v", status, err)
			}
		})
		synctest.Wait()
		for range 2 {
			if status, err := s.get(t); status != http.StatusUnauthorized || err != nil {
				t.Errorf("status %d, error %v", status, err)
			}
			slow.Wait()
		}
		s.expect(t, 1, "a", "a", "fresh1", "fresh1")
	})
}

func TestRefusedAgainLater(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	valid := "fresh1"
	accept := func(token string) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.HasSuffix(token, valid)
	}
	s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, accept, mint(time.Hour))
	for _, name := range []string{"fresh1", "fresh2", "fresh3"} {
		mu.Lock()
		valid = name
		mu.Unlock()
		if status, err := s.get(t); status != http.StatusOK || err != nil {
			t.Errorf("status %d, error %v", status, err)
		}
	}
	s.expect(t, 3, "a", "fresh1", "fresh1", "fresh2", "fresh2", "fresh3")
}

func TestRefusedTokenWithoutRefreshToken(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{Token: jwt("a", -time.Hour)}, only("none"), noExchange(t))
	if status, err := s.get(t); status != http.StatusUnauthorized || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
	s.expect(t, 0, "a")
}

func TestNoLogin(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{}, all, noExchange(t))
	_, err := s.get(t)
	if !errors.Is(err, ErrNoLogin) || !strings.HasSuffix(err.Error(), "no login to DBOS Cloud: neither a token nor a refresh token was given") {
		t.Errorf("error %v", err)
	}
	s.expect(t, 0)
}

// TestBodyThatCannotBeRewound keeps the 401 if the request cannot be sent again.
func TestBodyThatCannotBeRewound(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, only("fresh1"), noExchange(t))
	for name, getBody := range map[string]func() (io.ReadCloser, error){
		"none":    nil,
		"failing": func() (io.ReadCloser, error) { return nil, errors.New("the archive has gone") },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, controlPlane, io.NopCloser(strings.NewReader("{}")))
		if err != nil {
			t.Fatal(err)
		}
		req.GetBody = getBody
		resp, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
}

// countedBody counts how often it is closed.
type countedBody struct {
	io.Reader
	closed int
}

func (b *countedBody) Close() error { b.closed++; return nil }

// TestAnswersAreClosed checks that the answers to the refused token and to the exchange are closed.
func TestAnswersAreClosed(t *testing.T) {
	t.Parallel()
	refusal, exchanged := &countedBody{Reader: strings.NewReader("refused")}, &countedBody{Reader: strings.NewReader(`{"access_token":"fresh"}`)}
	transport, err := NewTransport(Config{Login: Login{Token: "zqxj", RefreshToken: "zqxj-refresh"}}, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}
		switch {
		case req.URL.Path == "/oauth/token":
			resp.Body = exchanged
		case req.Header.Get("Authorization") != "Bearer fresh":
			resp.StatusCode, resp.Body = http.StatusUnauthorized, refusal
		}
		return resp, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, DefaultEndpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := transport.RoundTrip(req); err != nil || resp.StatusCode != http.StatusOK || refusal.closed != 1 || exchanged.closed != 1 {
		t.Errorf("%v, %v; closed %d and %d times", resp, err, refusal.closed, exchanged.closed)
	}
}

// TestUnsentBodiesAreClosed covers every request that the transport refuses before it reaches the network.
func TestUnsentBodiesAreClosed(t *testing.T) {
	t.Parallel()
	const here, elsewhere = "http://127.0.0.1:1/v1alpha1/x", "http://127.0.0.2:1/v1alpha1/x"
	for name, test := range map[string]struct {
		login        Login
		url          string
		first, again int // how often the body is closed, and its copy for the repeat
	}{
		"another host":          {Login{Token: "zqxj"}, elsewhere, 1, 0},
		"no login":              {Login{}, here, 1, 0},
		"login refused":         {Login{RefreshToken: "zqxj-refresh"}, here, 1, 0},
		"login refused later":   {Login{Token: "zqxj", RefreshToken: "zqxj-refresh"}, here, 0, 1},
		"token refused, no use": {Login{Token: "zqxj"}, here, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The network does not touch the body, so that only the transport can have closed it.
			network := wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
				status := http.StatusUnauthorized
				if req.URL.Path == "/oauth/token" {
					status = http.StatusForbidden
				}
				return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: req}, nil
			})
			transport, err := NewTransport(Config{Login: test.login, Endpoint: "http://127.0.0.1:1"}, network)
			if err != nil {
				t.Fatal(err)
			}
			first, again := &countedBody{Reader: strings.NewReader("{}")}, &countedBody{Reader: strings.NewReader("{}")}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, test.url, first)
			if err != nil {
				t.Fatal(err)
			}
			req.GetBody = func() (io.ReadCloser, error) { return again, nil }
			if resp, err := transport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
			if first.closed != test.first || again.closed != test.again {
				t.Errorf("closed %d times, its copy %d times; want %d and %d", first.closed, again.closed, test.first, test.again)
			}
		})
	}
}

func TestManyShareOneExchange(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]Login{
		"no token":      {RefreshToken: "zqxj-refresh"},
		"refused token": {Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, login, only("fresh1"), mint(time.Hour))
			var group sync.WaitGroup
			for range 50 {
				group.Go(func() {
					if status, err := s.get(t); status != http.StatusOK || err != nil {
						t.Errorf("status %d, error %v", status, err)
					}
				})
			}
			group.Wait()
			if _, exchanges := s.seen(); exchanges != 1 {
				t.Errorf("%d exchanges, want 1", exchanges)
			}
		})
	}
}

// TestManyShareOneExchangeAtItsEnd lets callers begin so closely together that some come just when the token has come.
func TestManyShareOneExchangeAtItsEnd(t *testing.T) {
	t.Parallel()
	for range 5000 {
		var exchanges atomic.Int64
		transport, err := NewTransport(Config{Login: Login{RefreshToken: "zqxj-refresh"}}, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
			exchanges.Add(1)
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"access_token":"fresh"}`)), Request: req}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if got, err := transport.current(t.Context()); err != nil || got.value != "fresh" {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := exchanges.Load(); n != 1 {
			t.Fatalf("%d exchanges", n)
		}
	}
}

// TestWaiterLeaves lets the first of two callers give up during the exchange. The other still gets its token.
func TestWaiterLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, func(w http.ResponseWriter, r *http.Request) {
			<-release
			give(jwt("fresh1", time.Hour))(w, r)
		})
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := s.send(ctx, http.MethodGet, ""); first <- err }()
		synctest.Wait()
		go func() { _, err := s.send(t.Context(), http.MethodGet, ""); second <- err }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that left: %v", err)
		}
		close(release)
		if err := <-second; err != nil {
			t.Errorf("the one that stayed: %v", err)
		}
		s.expect(t, 1, "fresh1")
	})
}

// TestLastWaiterLeaves checks that the exchange ends when its last caller leaves.
func TestLastWaiterLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := false
		s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.InTurn(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended = true
		}, give(jwt("fresh2", time.Hour))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.send(ctx, http.MethodGet, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		if !ended {
			t.Error("the exchange goes on")
		}
		if _, err := s.get(t); err != nil {
			t.Errorf("the next: %v", err)
		}
		s.expect(t, 2, "fresh2")
	})
}
