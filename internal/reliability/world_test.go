// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// world is a local cloud, and the objects that cases make on it.
type world struct {
	t             *testing.T
	cloud         *acctest.Cloud
	tick          time.Duration // between two looks at what is made by hand
	source, other string
	moment        time.Time // at which base was there
	last          int
}

// newWorld starts a local cloud within a bubble, in which days may pass.
func newWorld(t *testing.T, source, other string) *world {
	t.Helper()
	const longAgo = 365 * 24 * time.Hour
	return newWorldWith(t, source, other, 5*time.Second, acctest.InMemory, func(o *localcloud.Options) {
		o.TokenLifetime, o.Retention, o.Volatile = longAgo, longAgo, true
	})
}

// newRealWorld starts a local cloud that other processes reach.
func newRealWorld(t *testing.T, source, other string) *world {
	t.Helper()
	return newWorldWith(t, source, other, 10*time.Millisecond)
}

func newWorldWith(t *testing.T, source, other string, provisionTime time.Duration, options ...acctest.Option) *world {
	t.Helper()
	options = append(options, acctest.ProvisionTime(provisionTime), func(o *localcloud.Options) { o.KeepBodies = true })
	w := &world{t: t, cloud: acctest.Start(t, options...), tick: provisionTime, source: source, other: other}
	w.provision("base")
	w.provision("other")
	w.moment = time.Now()
	return w
}

// begin makes what a scenario finds, by hand and by Terraform.
func (w *world) begin(s *scenario) (n named, prior *object, err error) {
	n = w.names()
	w.make(s, n)
	if s.before == nil && !s.adopted {
		return n, nil, nil
	}
	d, err := w.drive(s)
	if err != nil {
		return n, nil, err
	}
	ok := false
	if s.adopted {
		prior, ok, err = d.adopt(s.kind, n.application)
	} else {
		prior, ok, err = d.apply(s.kind, nil, s.before(n))
	}
	if err != nil || !ok {
		return n, nil, d.failed("what was to be there before", err)
	}
	return n, prior, nil
}

// names are those of one more case.
func (w *world) names() named {
	w.last++
	return named{instance: fmt.Sprintf("db%d", w.last), application: fmt.Sprintf("app%d", w.last), source: w.source, other: w.other, moment: w.moment}
}

// make makes by hand what a scenario finds.
func (w *world) make(s *scenario, n named) {
	w.t.Helper()
	if s.instance {
		w.provision(n.instance)
	}
	if s.link {
		w.post("databases/byod", map[string]any{
			"Name": n.instance, "HostName": "db.example.com", "Port": 5432, "Password": firstSecret, "captureProvenance": false, "dbosAdminName": "boss",
		})
	}
	if s.application {
		w.cloud.Register(w.t, n.application, "base")
	}
	if s.secret {
		w.post("applications/secrets", map[string]string{"ApplicationName": n.application, "SecretName": "KEY", "ClearSecretValue": firstSecret})
	}
	if s.deployed {
		w.post("applications/"+n.application, map[string]string{"application_archive": archive(w.t)})
		w.await("applications/"+n.application, "AVAILABLE")
	}
}

func (w *world) provision(name string) {
	w.t.Helper()
	w.post("databases/userdb", map[string]string{"Name": name, "AdminName": "alice", "AdminPassword": firstSecret})
	w.await("databases/userdb/info/"+name, "available")
}

func (w *world) post(path string, body any) {
	w.t.Helper()
	if status := w.cloud.Call(w.t, http.MethodPost, path, body, nil); status/100 != 2 {
		w.t.Fatalf("POST %s by hand: %d", path, status)
	}
}

// await looks at an object until it has a status.
func (w *world) await(path, status string) {
	w.t.Helper()
	for range 1000 {
		var object struct{ Status string }
		if w.cloud.Call(w.t, http.MethodGet, path, nil, &object); object.Status == status {
			return
		}
		time.Sleep(w.tick)
	}
	w.t.Fatalf("%s never has status %s", path, status)
}

// inject injects faults until lift is called.
func (w *world) inject(faults []localcloud.Fault) (lift func()) {
	var lifts []func()
	for _, fault := range faults {
		lifts = append(lifts, w.cloud.Inject(fault))
	}
	return func() {
		for _, lift := range lifts {
			lift()
		}
	}
}

// drive starts Terraform anew. It asks for its organization, as most do.
func (w *world) drive(s *scenario) (*driver, error) {
	environment := w.cloud.Environment()
	if s.refreshToken {
		environment["DBOS_TOKEN"], environment["DBOS_REFRESH_TOKEN"] = "", w.cloud.Connection().RefreshToken
	}
	return drive(context.WithoutCancel(w.t.Context()), provider.Options{
		Version: "test", Getenv: func(name string) string { return environment[name] }, Transport: w.cloud.Transport(w.t),
	})
}

// words are the elements of a path that are no names.
var words = map[string]bool{
	"databases": true, "userdb": true, "info": true, "byod": true, "credentials": true, "restore": true, "applications": true, "secrets": true,
	"versions": true, "oauth": true, "token": true, "changedbinstance": true, "user": true, "profile": true, "users": true,
}

func (w *world) callOf(r localcloud.Request) string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.Path, "/"), "v1alpha1/")
	path = strings.TrimPrefix(path, w.cloud.Connection().Organization+"/")
	elements := strings.Split(path, "/")
	for i, element := range elements {
		if !words[element] {
			elements[i] = "*"
		}
	}
	return r.Method + " " + strings.Join(elements, "/")
}

func applicationFolder(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"package.json": "{}", "dbos-config.yaml": "name: shop\nlanguage: node\n", "version.txt": version} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// archive is an application as the CLI would send it.
func archive(t *testing.T) string {
	t.Helper()
	var packed bytes.Buffer
	files := zip.NewWriter(&packed)
	file, err := files.Create("dbos-config.yaml")
	if err == nil {
		_, err = file.Write([]byte("name: shop\nlanguage: node\n"))
	}
	if err := errors.Join(err, files.Close()); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}
