// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
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

func versions(names ...string) http.HandlerFunc {
	var items []string
	for _, name := range names {
		items = append(items, `{"ApplicationName":"shop","Version":"`+name+`","CreationTime":"2026-11-01T10:00:00Z"}`)
	}
	return wiretest.OK("[" + strings.Join(items, ",") + "]")
}

func application(status, version, instance string) http.HandlerFunc {
	return wiretest.OK(`{"Name":"shop","Status":"` + status + `","Version":"` + version + `","PostgresInstanceName":"` + instance + `"}`)
}

// runningShop is a service where application shop runs version v1 on instance db1, and its answer to a deploy.
func runningShop(answer http.HandlerFunc) wiretest.Script {
	return wiretest.Script{
		"GET /acme/applications/shop":          {application("AVAILABLE", "v1", "db1")},
		"GET /acme/applications/shop/versions": {versions("v1")},
		"POST /acme/applications/shop":         {answer},
	}
}

const accepted = `{"ApplicationName":"shop","ApplicationVersion":"v2"}`

// TestDeploys runs each form of a deploy against each answer. Before, the application has version v1 on db1.
func TestDeploys(t *testing.T) {
	t.Parallel()
	v1, before := versions("v1"), application("AVAILABLE", "v1", "db1")
	for name, test := range map[string]struct {
		application, versions, post wiretest.Answers
		version, err                string
		posts                       int
	}{
		"accepted":                        {post: wiretest.Answers{wiretest.OK(accepted)}, version: "v2", posts: 1},
		"busy at first":                   {post: wiretest.Answers{wiretest.Busy, wiretest.Busy, wiretest.OK(accepted)}, version: "v2", posts: 3},
		"throttled at first":              {post: wiretest.Answers{wiretest.Refuse(429, "slow down"), wiretest.OK(accepted)}, version: "v2", posts: 2},
		"answer lost":                     {post: wiretest.Answers{wiretest.Lose}, versions: wiretest.Answers{v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"502 for an answer":               {post: wiretest.Answers{wiretest.BadGateway}, versions: wiretest.Answers{v1, versions("v1", "v2")}, version: "v2", posts: 1},
		"answer without a version":        {post: wiretest.Answers{wiretest.OK(`{"ApplicationName":"shop"}`)}, versions: wiretest.Answers{v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"version comes late":              {post: wiretest.Answers{wiretest.Lose}, versions: wiretest.Answers{v1, v1, v1, versions("v2", "v1")}, version: "v2", posts: 1},
		"not carried out":                 {post: wiretest.Answers{wiretest.Lose, wiretest.BadGateway, wiretest.OK(accepted)}, version: "v2", posts: 3},
		"busy with the lost one":          {post: wiretest.Answers{wiretest.Lose, wiretest.Busy}, versions: wiretest.Answers{v1, v1, v1, v1, v1, versions("v2", "v1")}, version: "v2", posts: 2},
		"the lost one has failed by then": {post: wiretest.Answers{wiretest.Lose, wiretest.Refuse(400, "migration failed")}, err: `DBOS Cloud answered "migration failed" (400 Bad Request to POST PATH, request ID req-400)`, posts: 2},
		"under way": {
			post: wiretest.Answers{wiretest.Lose}, version: "v2", posts: 1,
			application: wiretest.Answers{before, application("DEPLOYING", "v1", "db1")},
			versions:    wiretest.Answers{v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, versions("v2", "v1")},
		},
		"two at once": {
			post: wiretest.Answers{wiretest.BadGateway}, versions: wiretest.Answers{v1, versions("v3", "v2", "v1")}, posts: 1,
			err: `…(502 Bad Gateway to POST PATH); it may have taken effect: application "shop" has 2 new versions since then (v3, v2), and it is not known which of them this deploy made`,
		},
		"gone meanwhile": {
			post: wiretest.Answers{wiretest.BadGateway}, application: wiretest.Answers{before, noShop}, posts: 1,
			err: `…(502 Bad Gateway to POST PATH); it may have taken effect: the state of application "shop" could not be read: DBOS Cloud answered "application shop not found" (404 Not Found to GET /v1alpha1/acme/applications/shop, request ID req-404)`,
		},
		"absent":  {application: wiretest.Answers{noShop}, err: `DBOS Cloud answered "application shop not found" (404 Not Found to GET /v1alpha1/acme/applications/shop, request ID req-404)`},
		"refused": {post: wiretest.Answers{wiretest.Refuse(400, "no such version")}, err: `DBOS Cloud answered "no such version" (400 Bad Request to POST PATH, request ID req-400)`, posts: 1},
	} {
		for form, request := range map[string]struct {
			path, body string
			call       func(context.Context, *Client) (string, error)
		}{
			"archive": {"/acme/applications/shop", `{"application_archive":"emlwIGZpbGU="}`, func(ctx context.Context, c *Client) (string, error) {
				return deploy(ctx, c, archive("zip file"))
			}},
			"version": {"/acme/applications/shop", `{"previous_version":"v0"}`, func(ctx context.Context, c *Client) (string, error) {
				return deployVersion(ctx, c, "v0")
			}},
			"instance": {"/acme/applications/shop/changedbinstance", `{"previous_version":"v0","target_database_name":"db2"}`, func(ctx context.Context, c *Client) (string, error) {
				return changeInstance(ctx, c, "db2", "v0")
			}},
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					script := wiretest.Script{
						"GET /acme/applications/shop":          {before},
						"GET /acme/applications/shop/versions": {v1},
						"POST " + request.path:                 test.post,
					}
					if test.application != nil {
						script["GET /acme/applications/shop"] = test.application
					}
					if test.versions != nil {
						script["GET /acme/applications/shop/versions"] = test.versions
					}
					c, w := scripted(t, script)
					version, err := request.call(t.Context(), c)
					if version != test.version {
						t.Errorf("version %q, want %q", version, test.version)
					}
					want := strings.ReplaceAll(test.err, "PATH", "/v1alpha1"+request.path)
					if end, cut := strings.CutPrefix(want, "…"); cut && strings.HasSuffix(wiretest.Message(err), end) {
						want = wiretest.Message(err)
					}
					wiretest.ExpectMessage(t, err, want)
					var writes []string
					for range test.posts {
						writes = append(writes, "POST "+request.path+" "+request.body)
					}
					w.ExpectWrites(t, writes...)
				})
			})
		}
	}
}

// TestLostRedeployWithoutANewVersion uses a server that does not count the same files as a new version.
func TestLostRedeployWithoutANewVersion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after   http.HandlerFunc
		version string
		call    func(context.Context, *Client) (string, error)
	}{
		"version": {application("AVAILABLE", "v0", "db1"), "v0", func(ctx context.Context, c *Client) (string, error) {
			return deployVersion(ctx, c, "v0")
		}},
		"instance": {application("AVAILABLE", "v1", "db2"), "v1", func(ctx context.Context, c *Client) (string, error) {
			return changeInstance(ctx, c, "db2", "v1")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, w := scripted(t, wiretest.Script{
					"GET /acme/applications/shop":                   {application("AVAILABLE", "v1", "db1"), test.after},
					"GET /acme/applications/shop/versions":          {versions("v1", "v0")},
					"POST /acme/applications/shop":                  {wiretest.Lose},
					"POST /acme/applications/shop/changedbinstance": {wiretest.Lose},
				})
				if version, err := test.call(t.Context(), c); version != test.version || err != nil {
					t.Errorf("version %q, error %v", version, err)
				}
				if n := len(w.Writes()); n != 1 {
					t.Errorf("%d writes", n)
				}
			})
		})
	}
}

// TestLostRedeployOfTheRunningVersion checks that a deploy which would show nowhere is not sent twice.
func TestLostRedeployOfTheRunningVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := scripted(t, wiretest.Script{
			"GET /acme/applications/shop":          {application("AVAILABLE", "v1", "db1")},
			"GET /acme/applications/shop/versions": {versions("v1", "v0")},
			"POST /acme/applications/shop":         {wiretest.Lose, wiretest.OK(accepted)},
		})
		_, err := deployVersion(t.Context(), c, "v1")
		wiretest.ExpectError(t, err, `DBOS Cloud gave no answer to POST /v1alpha1/acme/applications/shop: unexpected EOF; `+
			`it may have taken effect: version "v1" ran before too, so nothing shows whether it was deployed again`)
		if n := len(w.Writes()); n != 1 {
			t.Errorf("%d writes", n)
		}
	})
}

// TestDeployReadsOnce checks that a deploy reads the application and its versions once, also for a caller that needs
// both.
func TestDeployReadsOnce(t *testing.T) {
	t.Parallel()
	c, w := scripted(t, runningShop(wiretest.OK(accepted)))
	version, err := withDeployer(t.Context(), c, func(d *Deployer) (string, error) {
		if before, err := d.Versions(t.Context()); err != nil || len(before) != 1 || d.Application.Version != "v1" {
			t.Errorf("application %v with versions %v, error %v", d.Application, before, err)
		}
		return d.DeployVersion(t.Context(), "v1")
	})
	if version != "v2" || err != nil {
		t.Errorf("version %q, error %v", version, err)
	}
	for _, call := range []string{"GET /acme/applications/shop", "GET /acme/applications/shop/versions", "POST /acme/applications/shop"} {
		if n := w.Count(call); n != 1 {
			t.Errorf("%s was called %d times", call, n)
		}
	}
}

// TestOtherChangesWaitForADeployer checks that nothing changes between what a caller checks and what it deploys.
func TestOtherChangesWaitForADeployer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := runningShop(wiretest.OK(accepted))
		script["PATCH /acme/applications/shop"] = wiretest.Answers{wiretest.OK("")}
		c, w := scripted(t, script)
		d, err := c.NewDeployer(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		memory := int64(1024)
		changed := make(chan error)
		go func() { changed <- c.UpdateApplication(t.Context(), "shop", ApplicationUpdate{MemoryMiB: &memory}) }()
		synctest.Wait()
		w.ExpectWrites(t)
		d.Close()
		if err := <-changed; err != nil {
			t.Error(err)
		}
	})
}

// TestFailedMigration checks that a failed migration is not repeated, even after a 500, and that the error has its
// output.
func TestFailedMigration(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 500} {
		c, w := scripted(t, runningShop(wiretest.Say(status, `{"message":"the migration failed","statusCode":400,"requestID":"req-7",`+
			`"DetailedError":"npx knex migrate:latest\nrelation \"orders\" does not exist"}`)))
		_, err := deploy(t.Context(), c, archive("zip file"))
		var e *Error
		if !errors.As(err, &e) || e.Status != status || e.Message != "the migration failed" || e.RequestID != "req-7" ||
			e.Detail != "npx knex migrate:latest\nrelation \"orders\" does not exist" {
			t.Errorf("%#v", err)
		}
		if n := len(w.Writes()); n != 1 {
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
		c, w := scripted(t, runningShop(wiretest.OK(accepted)))
		z := archive(content)
		if version, err := deploy(t.Context(), c, z); version != "v2" || err != nil {
			t.Errorf("version %q, error %v", version, err)
		}
		if got := w.Writes(); len(got) != 1 || got[0] != `POST /acme/applications/shop {"application_archive":"`+body+`"}` {
			t.Errorf("%d bytes: %d writes, the body is another", len(content), len(got))
		}
		if z.opened.Load() != 1 || z.closed.Load() != 1 {
			t.Errorf("opened %d times and closed %d times", z.opened.Load(), z.closed.Load())
		}
	}
}

// slowArchive is an archive of six pieces that takes seven seconds for each.
type slowArchive struct{}

const slowPiece = 3 << 14 // as much as is encoded at once

func (slowArchive) Size() int64 { return 6 * slowPiece }

func (slowArchive) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(slowReader{}, 6*slowPiece)), nil
}

type slowReader struct{}

func (slowReader) Read(p []byte) (int, error) {
	time.Sleep(7 * time.Second)
	return len(p), nil
}

// TestProgressOfAnUploadIsLogged uploads for 42 seconds, and expects a line for each ten.
func TestProgressOfAnUploadIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log wiretest.Journal
		c, _ := wired(t, runningShop(wiretest.OK(accepted)).Handler(t), func(cfg *Config) { cfg.Logger = log.Logger() })
		if version, err := deploy(t.Context(), c, slowArchive{}); version != "v2" || err != nil {
			t.Errorf("version %q, error %v", version, err)
		}
		lines := slices.DeleteFunc(log.Lines(), func(line string) bool { return !strings.Contains(line, `"msg":"uploading application"`) })
		if len(lines) != 3 {
			t.Errorf("%d lines:\n%s", len(lines), log.String())
		}
		for _, line := range lines {
			if !strings.Contains(line, `"level":"INFO"`) || !strings.Contains(line, `"name":"shop","sent_bytes":`) || !strings.Contains(line, fmt.Sprintf(`"total_bytes":%d`, 6*slowPiece/3*4+26)) {
				t.Errorf("line is %s", line)
			}
		}
	})
}

// TestArchiveChanges checks that a deploy whose archive has another size than stated ends without a second attempt.
func TestArchiveChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		archive Archive
		want    string
	}{
		"shorter": {&zip{content: "abc", size: 5}, "it ended 2 bytes early"},
		"longer":  {&zip{content: strings.Repeat("abc", 1<<20), size: 5}, "it has grown while it was sent"},
		"gone":    {missing{}, "app.zip has gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, w := scripted(t, runningShop(wiretest.Lose))
				_, err := deploy(t.Context(), c, test.archive)
				wiretest.ExpectMessage(t, err, `the archive of application "shop" cannot be sent: `+test.want)
				if n := len(w.Writes()); n > 1 {
					t.Errorf("%d writes", n)
				}
			})
		})
	}
}

type missing struct{}

func (missing) Size() int64                  { return 5 }
func (missing) Open() (io.ReadCloser, error) { return nil, errors.New("app.zip has gone") }
