// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const shopConfig = "name: shop\nlanguage: node\ndatabase:\n  app_db_name: shop\n"

// sourceDir is the directory of an application with these files, besides those that every one needs.
func sourceDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "package.json", "{}")
	write(t, dir, "dbos-config.yaml", shopConfig)
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// deployment is an API in which shop serves whatever is deployed as v1, v2 and so on. The name of a version is counted
// from the first deploy.
type deployment struct {
	*api
	names   []string
	uploads []map[string]string // name to content
}

func newDeployment(t *testing.T) (*deployment, *rpc) {
	t.Helper()
	d := &deployment{api: &api{}}
	d.say("GET applications/shop", application("shop", "orders", "", "", 512))
	d.say("GET applications/shop/versions", versions())
	d.answer("POST applications/shop", func(body string) (int, string) {
		d.receive(t, body)
		d.say("GET applications/shop", application("shop", "orders", d.newest(), "AVAILABLE", 512))
		return http.StatusOK, fmt.Sprintf(`{"ApplicationName":"shop","ApplicationVersion":%q}`, d.newest())
	})
	return d, newRPC(t, d.api)
}

// oneFile is a source directory with one file of the application's, and what deploys it.
func oneFile(t *testing.T) (dir string, set attributes) {
	t.Helper()
	dir = sourceDir(t, map[string]string{"main.js": "one"})
	return dir, attributes{"application_name": "shop", "source_dir": dir}
}

// receive makes a version of what was sent.
func (d *deployment) receive(t *testing.T, body string) {
	var sent struct {
		Archive []byte `json:"application_archive"`
	}
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Error(err)
	}
	if sent.Archive != nil {
		d.uploads = append(d.uploads, unzipped(t, sent.Archive))
	}
	d.names = append(d.names, fmt.Sprintf("v%d", len(d.names)+1))
	d.say("GET applications/shop/versions", versions(d.names...))
}

func (d *deployment) newest() string { return d.names[len(d.names)-1] }

func unzipped(t *testing.T, content []byte) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Error(err)
		return nil
	}
	files := map[string]string{}
	for _, file := range reader.File {
		opened, err := file.Open()
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := io.ReadAll(opened)
		if err != nil {
			t.Error(err)
		}
		if !strings.HasSuffix(file.Name, "/") {
			files[file.Name] = string(text)
		}
	}
	return files
}

// wantDeploys checks how often has been deployed so far.
func (d *deployment) wantDeploys(t *testing.T, want int) {
	t.Helper()
	if len(d.names) != want {
		t.Errorf("%d deploys, want %d", len(d.names), want)
	}
}

func text(r *rpc, o *object, name string) string {
	r.t.Helper()
	var values map[string]tftypes.Value
	var value string
	if err := o.value.As(&values); err != nil {
		r.t.Fatal(err)
	}
	if err := values[name].As(&value); err != nil {
		r.t.Fatal(err)
	}
	return value
}

func TestDeploymentValidate(t *testing.T) {
	t.Parallel()
	r := newRPC(t, nil)
	set := attributes{"application_name": "shop", "source_dir": "app"}
	r.validate(applicationDeploymentType, set, "")
	r.validate(applicationDeploymentType, attributes{"application_name": "shop"}, "")
	r.validate(applicationDeploymentType, attributes{"application_name": unknown, "source_dir": unknown, "previous_version": unknown}, "")
	r.validate(applicationDeploymentType, set.with(attributes{"previous_version": "v1"}), "cannot be specified")
	r.validate(applicationDeploymentType, set.with(attributes{"source_dir": ""}), "at least 1")
	r.plan(applicationDeploymentType, nil, attributes{"application_name": "shop"}, "Nothing to deploy|exactly one of source_dir and previous_version")
}

func TestDeploymentLife(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	dir := sourceDir(t, map[string]string{"main.js": "one", "main.tfvars": "x = 1"})
	set := attributes{"application_name": "shop", "source_dir": dir}

	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, nil, set, "")), attributes{
		"id": unknown, "source_hash": unknown, "version": unknown, "url": unknown, "database_name": unknown, "config_file": "dbos-config.yaml",
	})
	o := r.apply(applicationDeploymentType, nil, set, "", "")
	d.wantDeploys(t, 1)
	r.check(o.value, attributes{"id": "shop", "organization": "acme", "version": "v1", "url": "https://acme-shop.cloud.example/", "database_name": "shop"})
	if got := d.uploads[0]; got["main.js"] != "one" || len(got) != 3 {
		t.Errorf("deployed %v", got)
	}
	o = r.refresh(o, "")
	r.unchanged(o, set)

	// The same files elsewhere are the same; the path alone deploys nothing.
	elsewhere := set.with(attributes{"source_dir": sourceDir(t, map[string]string{"main.js": "one"})})
	o = r.apply(applicationDeploymentType, o, elsewhere, "", "")
	d.wantDeploys(t, 1)
	o = r.apply(applicationDeploymentType, o, set, "", "")

	// What somebody else deploys is no difference.
	d.say("GET applications/shop", application("shop", "orders", "v9", "AVAILABLE", 512))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"version": "v1"})
	r.unchanged(o, set)

	// A state from before there was a database_name plans empty, and learns it at the next refresh or deploy.
	old := &object{kind: o.kind, value: replaced(t, o.value, "database_name", nil), private: o.private}
	r.unchanged(old, set)

	hash := text(r, o, "source_hash")
	write(t, dir, "main.js", "two")
	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, o, set, "")), attributes{
		"id": "shop", "source_hash": unknown, "version": unknown, "url": "https://acme-shop.cloud.example/", "database_name": "shop",
	})
	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, old, set, "")), attributes{"database_name": unknown})
	r.check(r.refresh(old, "").value, attributes{"database_name": "shop"})
	o = r.apply(applicationDeploymentType, old, set, "", "")
	r.check(o.value, attributes{"database_name": "shop"})
	d.wantDeploys(t, 2)
	r.check(o.value, attributes{"version": "v2"})
	if text(r, o, "source_hash") == hash {
		t.Error("other files have the same hash")
	}
	r.unchanged(r.refresh(o, ""), set)

	d.written()
	if r.destroy(o, "") != nil {
		t.Error("the destroyed deployment is still in the state")
	}
	wantWrites(t, d.api)
	d.fail("GET applications/shop", http.StatusNotFound, "application shop not found")
	if r.refresh(o, "") != nil {
		t.Error("the deployment of an application that is gone stays in the state")
	}
}

func TestDeploymentTriggersAndVersions(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	set := attributes{"application_name": "shop", "source_dir": sourceDir(t, nil), "triggers": map[string]string{"secret": "1"}}
	o := r.apply(applicationDeploymentType, nil, set, "", "")
	d.wantDeploys(t, 1)
	r.unchanged(o, set)
	untriggered, other := newDeployment(t)
	bare := set.with(attributes{"triggers": nil})
	other.apply(applicationDeploymentType, other.apply(applicationDeploymentType, nil, bare, "", ""), bare.with(attributes{"triggers": map[string]string{}}), "", "")
	untriggered.wantDeploys(t, 1)
	triggered := set.with(attributes{"triggers": map[string]string{"secret": "2"}})
	o = r.apply(applicationDeploymentType, o, triggered, "", "")
	d.wantDeploys(t, 2)

	// From files to a version and back.
	d.written()
	earlier := attributes{"application_name": "shop", "previous_version": "v1", "triggers": map[string]string{"secret": "2"}}
	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, o, earlier, "")), attributes{"source_hash": nil, "version": unknown})
	o = r.apply(applicationDeploymentType, o, earlier, "", "")
	wantWrites(t, d.api, `POST applications/shop {"previous_version":"v1"}`)
	r.check(o.value, attributes{"source_hash": nil, "version": "v3"})
	r.unchanged(r.refresh(o, ""), earlier)
	o = r.apply(applicationDeploymentType, o, triggered, "", "")
	d.wantDeploys(t, 4)
	r.plan(applicationDeploymentType, o, attributes{"application_name": "shop"}, "Nothing to deploy")
	if planned := r.plan(applicationDeploymentType, o, set.with(attributes{"application_name": "blog"}), ""); len(planned.RequiresReplace) != 1 {
		t.Errorf("another application replaces %v", planned.RequiresReplace)
	}
}

func TestDeploymentVariables(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	dir := sourceDir(t, nil)
	write(t, dir, "production.yaml", shopConfig+"greeting: ${GREETING}\npassword: '${PGPASSWORD}'\n")
	set := attributes{"application_name": "shop", "source_dir": dir, "config_file": "production.yaml"}
	r.plan(applicationDeploymentType, nil, set, "cannot be deployed from|GREETING|config_variables|source_dir")
	r.plan(applicationDeploymentType, nil, set.with(attributes{"config_variables": unknown}), "")
	hello := set.with(attributes{"config_variables": map[string]string{"GREETING": "hello"}})
	o := r.apply(applicationDeploymentType, nil, hello, "", "")
	if got, want := d.uploads[0]["dbos-config.yaml"], shopConfig+"greeting: hello\npassword: ''\n"; got != want {
		t.Errorf("deployed %q, want %q", got, want)
	}
	r.unchanged(o, hello)
	// Variables that are not known may be what they were.
	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, o, hello.with(attributes{"config_variables": unknown}), "")),
		attributes{"source_hash": unknown, "version": unknown})
	r.apply(applicationDeploymentType, o, hello.with(attributes{"config_variables": map[string]string{"GREETING": "hallo"}}), "", "")
	d.wantDeploys(t, 2)
}

// Files that differ in the plan, but not in the apply, are not deployed again. The files of the apply are deployed and
// recorded.
func TestDeploymentAtApply(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	dir, set := oneFile(t)
	o := r.apply(applicationDeploymentType, nil, set, "", "")

	write(t, dir, "main.js", "two")
	planned := r.plan(applicationDeploymentType, o, set, "")
	write(t, dir, "main.js", "one")
	same := r.finish(planned, applicationDeploymentType, o, set, "")
	d.wantDeploys(t, 1)
	r.unchanged(same, set)
	write(t, dir, "main.js", "three")
	o = r.finish(planned, applicationDeploymentType, o, set, "")
	d.wantDeploys(t, 2)
	if got := d.uploads[1]["main.js"]; got != "three" {
		t.Errorf("deployed %q", got)
	}
	r.unchanged(o, set)
}

func TestDeploymentOfWhatIsBuiltInTheSameApply(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	missing := attributes{"application_name": "shop", "source_dir": filepath.Join(t.TempDir(), "build")}
	r.plan(applicationDeploymentType, nil, missing, "Cannot open the source directory|attribute of the resource that builds them")
	r.plan(applicationDeploymentType, nil, missing.with(attributes{"source_dir": unknown}), "")
	building := missing.with(attributes{"triggers": unknown})
	planned := r.plan(applicationDeploymentType, nil, building, "")
	if r.finish(planned, applicationDeploymentType, nil, building, "Cannot open the source directory") != nil {
		t.Error("what was not deployed is in the state")
	}

	// A mistake that the build may still correct is no error of the plan. The apply checks it before it sends anything.
	d.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	building["source_dir"] = sourceDir(t, map[string]string{"dbos-config.yaml": strings.Replace(shopConfig, "app_db_name: shop", "app_db_name: other", 1)})
	wrong := `The database of application "shop" cannot be changed`
	r.plan(applicationDeploymentType, nil, building.with(attributes{"triggers": nil}), wrong)
	r.finish(r.plan(applicationDeploymentType, nil, building, ""), applicationDeploymentType, nil, building, wrong)
	d.wantDeploys(t, 0)
}

func TestDeploymentSourceFaults(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	d.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	dir := sourceDir(t, nil)
	set := attributes{"application_name": "shop", "source_dir": dir}

	if err := os.Symlink("nowhere", filepath.Join(dir, "dead")); err != nil {
		t.Fatal(err)
	}
	o := r.apply(applicationDeploymentType, nil, set, "WARNING: Links that lead nowhere|dead", "")
	r.unchanged(o, set)
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	r.plan(applicationDeploymentType, o, set, `"out" is a link that leads out of the source directory`)
	if err := os.Remove(filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "dbos-config.yaml", strings.Replace(shopConfig, "app_db_name: shop", "app_db_name: other", 1))
	r.plan(applicationDeploymentType, o, set, `The database of application "shop" cannot be changed|"shop"|"other"`)
	d.fail("GET applications/shop", http.StatusForbidden, "no")
	r.plan(applicationDeploymentType, o, set, "Links that lead nowhere")
	if err := os.Remove(filepath.Join(dir, "package.json")); err != nil {
		t.Fatal(err)
	}
	r.plan(applicationDeploymentType, o, set, "no package.json")
}

func TestDeploymentFailedMigration(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	dir, set := oneFile(t)
	works := d.answers["POST applications/shop"]
	fails := func(string) (int, string) {
		return http.StatusBadRequest, `{"message":"migration failed","statusCode":400,"requestID":"r1","DetailedError":"npx knex migrate:latest\nrelation \"carts\" does not exist"}`
	}
	d.answer("POST applications/shop", fails)
	want := `Cannot deploy application "shop"|migration failed|relation "carts" does not exist|apply again to deploy it`
	if r.apply(applicationDeploymentType, nil, set, "", want) != nil {
		t.Error("what was not deployed is in the state")
	}
	d.answer("POST applications/shop", works)
	o := r.apply(applicationDeploymentType, nil, set, "", "")

	d.answer("POST applications/shop", fails)
	write(t, dir, "main.js", "two")
	changed := set.with(attributes{"triggers": map[string]string{"a": "1"}})
	after := r.apply(applicationDeploymentType, o, changed, "", want)
	if !after.value.Equal(o.value) {
		t.Error("a failed deploy has changed the state")
	}
	d.answer("POST applications/shop", works)
	after = r.apply(applicationDeploymentType, after, changed, "", "")
	d.wantDeploys(t, 2)
	r.unchanged(r.refresh(after, ""), changed)
}

// TestDeploymentSecrets has a failed deploy echo what the application was deployed with.
func TestDeploymentSecrets(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	d.answer("POST applications/shop", func(string) (int, string) {
		return http.StatusBadRequest, `{"message":"the migration failed","statusCode":400,"requestID":"r1",` +
			`"DetailedError":"endpoint: kanary-variable\npostgresql://dbosadmin:kanary@db.example/shop"}`
	})
	r.apply(applicationDeploymentType, nil, attributes{
		"application_name": "shop", "source_dir": sourceDir(t, nil), "config_variables": map[string]string{"URL": "kanary-variable"},
	}, "", "Details from DBOS Cloud:\nendpoint: (hidden)\npostgresql://dbosadmin:(hidden)@db.example/shop")
}

func TestDeploymentInterrupted(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	dir, set := oneFile(t)
	works := d.answers["POST applications/shop"]
	d.answer("POST applications/shop", func(body string) (int, string) {
		status, answer := works(body)
		d.interrupt(application("shop", "orders", "", "DEPLOYING", 512))
		return status, answer
	})
	o := r.apply(applicationDeploymentType, nil, set, "", `Application "shop" is not ready|"DEPLOYING"|terraform untaint dbos_application_deployment.NAME`)
	r.check(o.value, attributes{"version": "v1", "url": nil})
	o = r.refresh(o, "")
	r.check(o.value, attributes{"version": "v1", "url": nil})
	r.check(r.planned(applicationDeploymentType, r.plan(applicationDeploymentType, o, set, "")), attributes{"version": "v1", "url": unknown})
	// Still not: the next apply waits again and deploys nothing.
	d.interrupt(application("shop", "orders", "", "DEPLOYING", 512))
	o = r.apply(applicationDeploymentType, o, set, "", `Application "shop" is not ready`)
	d.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	o = r.apply(applicationDeploymentType, o, set, "", "")
	d.wantDeploys(t, 1)
	r.check(o.value, attributes{"version": "v1", "url": "https://acme-shop.cloud.example/"})
	r.unchanged(r.refresh(o, ""), set)

	// Interrupted once more, and overtaken by somebody's deploy: nothing is waited for.
	write(t, dir, "main.js", "two")
	o = r.apply(applicationDeploymentType, o, set, "", `Application "shop" is not ready`)
	d.say("GET applications/shop", application("shop", "orders", "v7", "AVAILABLE", 512))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"version": "v2", "url": "https://acme-shop.cloud.example/"})
	r.unchanged(o, set)
}

func TestDeploymentImport(t *testing.T) {
	t.Parallel()
	d, r := newDeployment(t)
	d.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	r.imported(applicationDeploymentType, "a/b", "Invalid import id")
	o := r.imported(applicationDeploymentType, "shop", "")
	r.check(o.value, attributes{"id": "shop", "version": nil, "source_hash": nil, "url": "https://acme-shop.cloud.example/", "config_file": "dbos-config.yaml"})
	// What -generate-config-out writes has nothing to deploy.
	r.unchanged(o, attributes{"application_name": "shop", "config_file": "dbos-config.yaml"})
	set := attributes{"application_name": "shop", "source_dir": sourceDir(t, nil)}
	o = r.apply(applicationDeploymentType, o, set, `WARNING: Application "shop" will be deployed|deploys once`, "")
	d.wantDeploys(t, 1)
	r.unchanged(r.refresh(o, ""), set)
}

func TestDeploymentOfNoApplication(t *testing.T) {
	t.Parallel()
	a := &api{}
	r := newRPC(t, a)
	set := attributes{"application_name": "shop", "source_dir": sourceDir(t, nil)}
	if r.apply(applicationDeploymentType, nil, set, "", `Application "shop" does not exist|application_name`) != nil {
		t.Error("a deployment of no application is in the state")
	}
	a.say("GET applications/shop", application("shop", "orders", "v1", "DELETING", 512))
	if r.apply(applicationDeploymentType, nil, set, "", `Application "shop" is being deleted|application_name`) != nil {
		t.Error("a deployment of an application that goes is in the state")
	}
	a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v1"))
	earlier := attributes{"application_name": "shop", "previous_version": "v0"}
	if r.apply(applicationDeploymentType, nil, earlier, "", `Application "shop" has no version "v0"|previous_version`) != nil {
		t.Error("a version that does not exist is in the state")
	}
	wantWrites(t, a)
}
