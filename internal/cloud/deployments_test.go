// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// zip is an archive in memory that counts how often it is opened.
type zip struct {
	content string
	size    int64
	opened  atomic.Int32
	closed  atomic.Int32
}

func archive(content string) *zip { return &zip{content: content, size: int64(len(content))} }

func (z *zip) Size() int64 { return z.size }

func (z *zip) Open() (io.ReadCloser, error) {
	z.opened.Add(1)
	return &zipReader{Reader: strings.NewReader(z.content), zip: z}, nil
}

type zipReader struct {
	io.Reader
	zip *zip
}

func (r *zipReader) Close() error {
	r.zip.closed.Add(1)
	return nil
}

func versions(names ...string) reply {
	var items []string
	for _, name := range names {
		items = append(items, `{"ApplicationName":"shop","Version":"`+name+`","CreationTime":"2026-11-01T10:00:00Z"}`)
	}
	return ok("[" + strings.Join(items, ",") + "]")
}

func application(status, version, instance string) reply {
	return ok(`{"Name":"shop","Status":"` + status + `","Version":"` + version + `","PostgresInstanceName":"` + instance + `"}`)
}

const accepted = `{"ApplicationName":"shop","ApplicationVersion":"v2"}`

// TestDeploys runs each form of a deploy against each answer. Before, the application has version v1 on db1.
func TestDeploys(t *testing.T) {
	t.Parallel()
	v1, before := versions("v1"), application("AVAILABLE", "v1", "db1")
	for name, test := range map[string]struct {
		application, versions, post []reply
		version, err                string
		posts                       int
	}{
		"accepted":                        {post: []reply{ok(accepted)}, version: "v2", posts: 1},
		"busy at first":                   {post: []reply{busy, busy, ok(accepted)}, version: "v2", posts: 3},
		"throttled at first":              {post: []reply{refusal(429, "slow down"), ok(accepted)}, version: "v2", posts: 2},
		"answer lost":                     {post: []reply{lost}, versions: []reply{v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"502 for an answer":               {post: []reply{badGateway}, versions: []reply{v1, versions("v1", "v2")}, version: "v2", posts: 1},
		"answer without a version":        {post: []reply{ok(`{"ApplicationName":"shop"}`)}, versions: []reply{v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"version comes late":              {post: []reply{lost}, versions: []reply{v1, v1, v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"not carried out":                 {post: []reply{lost, badGateway, ok(accepted)}, version: "v2", posts: 3},
		"busy with the lost one":          {post: []reply{lost, busy}, versions: []reply{v1, v1, v1, v1, v1, versions("v2", "v1")}, version: "v2", posts: 2},
		"the lost one has failed by then": {post: []reply{lost, refusal(400, "migration failed")}, err: `DBOS Cloud answered "migration failed" (400 Bad Request to POST PATH, request ID req-7)`, posts: 2},
		"under way": {
			post: []reply{lost}, version: "v2", posts: 1,
			application: []reply{before, application("DEPLOYING", "v1", "db1")},
			versions:    []reply{v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, versions("v2", "v1")},
		},
		"two at once": {
			post: []reply{badGateway}, versions: []reply{v1, versions("v3", "v2", "v1")}, posts: 1,
			err: `…(502 Bad Gateway to POST PATH); it may have been carried out: application "shop" has 2 new versions since then (v3, v2), and which of them is this one's cannot be told`,
		},
		"gone meanwhile": {
			post: []reply{badGateway}, application: []reply{before, noShop}, posts: 1,
			err: `…(502 Bad Gateway to POST PATH); it may have been carried out: what became of application "shop" could not be seen: DBOS Cloud answered "application shop not found" (404 Not Found to GET /v1alpha1/acme/applications/shop, request ID req-7)`,
		},
		"absent":  {application: []reply{noShop}, err: `DBOS Cloud answered "application shop not found" (404 Not Found to GET /v1alpha1/acme/applications/shop, request ID req-7)`},
		"refused": {post: []reply{refusal(400, "no such version")}, err: `DBOS Cloud answered "no such version" (400 Bad Request to POST PATH, request ID req-7)`, posts: 1},
	} {
		for form, deploy := range map[string]struct {
			path, body string
			call       func(context.Context, *cloud.Client) (string, error)
		}{
			"archive": {"/applications/shop", `{"application_archive":"emlwIGZpbGU="}`, func(ctx context.Context, c *cloud.Client) (string, error) {
				return c.Deploy(ctx, "shop", archive("zip file"))
			}},
			"version": {"/applications/shop", `{"previous_version":"v0"}`, func(ctx context.Context, c *cloud.Client) (string, error) {
				return c.DeployVersion(ctx, "shop", "v0")
			}},
			"instance": {"/applications/shop/changedbinstance", `{"previous_version":"v0","target_database_name":"db2"}`, func(ctx context.Context, c *cloud.Client) (string, error) {
				return c.ChangeInstance(ctx, "shop", "db2", "v0")
			}},
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				replies := map[string][]reply{
					"GET /applications/shop":          {before},
					"GET /applications/shop/versions": {v1},
					"POST " + deploy.path:             test.post,
				}
				if test.application != nil {
					replies["GET /applications/shop"] = test.application
				}
				if test.versions != nil {
					replies["GET /applications/shop/versions"] = test.versions
				}
				client, s := scripted(t, replies)
				version, err := deploy.call(limited(t), client)
				if version != test.version {
					t.Errorf("version %q, want %q", version, test.version)
				}
				want := strings.ReplaceAll(test.err, "PATH", "/v1alpha1/acme"+deploy.path)
				if end, cut := strings.CutPrefix(want, "…"); cut && strings.HasSuffix(message(err), end) {
					want = message(err)
				}
				says(t, err, want)
				var writes []string
				for range test.posts {
					writes = append(writes, "POST "+deploy.path+" "+deploy.body)
				}
				s.expect(t, writes...)
			})
		}
	}
}

// TestLostRedeployWithoutANewVersion uses a server that does not count the same files as a new version.
func TestLostRedeployWithoutANewVersion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after   reply
		version string
		call    func(context.Context, *cloud.Client) (string, error)
	}{
		"version": {application("AVAILABLE", "v0", "db1"), "v0", func(ctx context.Context, c *cloud.Client) (string, error) {
			return c.DeployVersion(ctx, "shop", "v0")
		}},
		"instance": {application("AVAILABLE", "v1", "db2"), "v1", func(ctx context.Context, c *cloud.Client) (string, error) {
			return c.ChangeInstance(ctx, "shop", "db2", "v1")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := scripted(t, map[string][]reply{
				"GET /applications/shop":                   {application("AVAILABLE", "v1", "db1"), test.after},
				"GET /applications/shop/versions":          {versions("v1", "v0")},
				"POST /applications/shop":                  {lost},
				"POST /applications/shop/changedbinstance": {lost},
			})
			if version, err := test.call(limited(t), client); version != test.version || err != nil {
				t.Errorf("version %q, error %v", version, err)
			}
			if n := len(s.writes()); n != 1 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// TestFailedMigration checks that a failed migration is not repeated, even after a 500, and that the error has its
// output.
func TestFailedMigration(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 500} {
		client, s := scripted(t, map[string][]reply{
			"GET /applications/shop":          {application("AVAILABLE", "v1", "db1")},
			"GET /applications/shop/versions": {versions("v1")},
			"POST /applications/shop": {{status, `{"message":"the migration failed","statusCode":400,"requestID":"req-7",` +
				`"DetailedError":"npx knex migrate:latest\nrelation \"orders\" does not exist"}`}},
		})
		_, err := client.Deploy(limited(t), "shop", archive("zip file"))
		var e *cloud.Error
		if !errors.As(err, &e) || e.Status != status || e.Message != "the migration failed" || e.RequestID != "req-7" ||
			e.Detail != "npx knex migrate:latest\nrelation \"orders\" does not exist" {
			t.Errorf("%#v", err)
		}
		if n := len(s.writes()); n != 1 {
			t.Errorf("%d writes", n)
		}
	}
}

// TestArchiveForms covers the lengths at which base64 pads, and an archive of many pieces.
func TestArchiveForms(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for content, body := range map[string]string{
		"":                "",
		"a":               "YQ==",
		"ab":              "YWI=",
		"abc":             "YWJj",
		"abcd":            "YWJjZA==",
		string(big) + "x": strings.Repeat("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm", 1<<16/3) + "MDEyMzQ1Njc4OWFiY2RlZng=",
	} {
		client, s := scripted(t, map[string][]reply{
			"GET /applications/shop":          {application("AVAILABLE", "v1", "db1")},
			"GET /applications/shop/versions": {versions("v1")},
			"POST /applications/shop":         {ok(accepted)},
		})
		z := archive(content)
		if version, err := client.Deploy(limited(t), "shop", z); version != "v2" || err != nil {
			t.Errorf("version %q, error %v", version, err)
		}
		if got := s.writes(); len(got) != 1 || got[0] != `POST /applications/shop {"application_archive":"`+body+`"}` {
			t.Errorf("%d bytes: %d writes, the body is another", len(content), len(got))
		}
		if z.opened.Load() != 1 || z.closed.Load() != 1 {
			t.Errorf("opened %d times and closed %d times", z.opened.Load(), z.closed.Load())
		}
		if log := s.logged(); !strings.Contains(log, `level=INFO msg="uploading application" name=shop sent_bytes=`) || strings.Contains(log, "zqxj") {
			t.Errorf("log: %s", log)
		}
	}
}

// TestArchiveChanges checks that a deploy whose archive has another size than stated ends without a second attempt.
func TestArchiveChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		archive cloud.Archive
		want    string
	}{
		"shorter": {&zip{content: "abc", size: 5}, "it ended 2 bytes early"},
		"longer":  {&zip{content: strings.Repeat("abc", 1<<20), size: 5}, "it has grown while it was sent"},
		"gone":    {missing{}, "app.zip has gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := scripted(t, map[string][]reply{
				"GET /applications/shop":          {application("AVAILABLE", "v1", "db1")},
				"GET /applications/shop/versions": {versions("v1")},
				"POST /applications/shop":         {lost},
			})
			_, err := client.Deploy(limited(t), "shop", test.archive)
			says(t, err, `the archive of application "shop" cannot be sent: `+test.want)
			if n := len(s.writes()); n > 1 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

type missing struct{}

func (missing) Size() int64                  { return 5 }
func (missing) Open() (io.ReadCloser, error) { return nil, errors.New("app.zip has gone") }
