// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// appFiles are the files of an application's archive by name. Without a configuration they get a small one.
type appFiles map[string]string

func (f appFiles) zip(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if _, ok := f["dbos-config.yaml"]; !ok {
		f = appFiles{"dbos-config.yaml": "name: shop\nlanguage: node\n"}
	}
	for name, content := range f {
		file, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func (f appFiles) base64(t *testing.T) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(f.zip(t))
}

func configured(config string) appFiles { return appFiles{"dbos-config.yaml": config} }

// deployed deploys an archive, waits until the version runs, and returns the version.
func deployed(t *testing.T, s *Server, app string, files appFiles) string {
	t.Helper()
	status, answer := ask(t, s, "POST", "applications/"+app, `{"application_archive":"`+files.base64(t)+`"}`)
	var accepted struct{ ApplicationName, ApplicationVersion string }
	if err := json.Unmarshal([]byte(answer), &accepted); err != nil || status != 200 || accepted.ApplicationName != app {
		t.Fatalf("deploy %s: %d %s", app, status, answer)
	}
	await(t, s, "applications/"+app, `"Status":"AVAILABLE","Version":"`+accepted.ApplicationVersion+`"`)
	return accepted.ApplicationVersion
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	begun := time.Now()
	first := deployed(t, s, "shop", configured("database:\n  app_db_name: orders\n  migrate: [a, b]\n"))
	second := deployed(t, s, "shop", appFiles{})
	if first >= second || len(first) != 13 {
		t.Errorf("the versions are %s and %s", first, second)
	}
	wantShop(t, s, `{"Name":"shop","ID":"UUID","PostgresInstanceName":"abc","ApplicationDatabaseName":"orders","Status":"AVAILABLE","Version":"`+second+
		`","AppURL":"https://local-shop.HOST/","ExecutorsMemoryMib":512}`)

	_, list := ask(t, s, "GET", "applications/shop/versions", "")
	var versions []struct{ ApplicationName, Version, CreationTime string }
	if err := json.Unmarshal([]byte(list), &versions); err != nil || len(versions) != 2 || versions[0].Version != first || versions[1].ApplicationName != "shop" {
		t.Fatalf("the versions are %s", list)
	}
	created, err := time.Parse(time.RFC3339, versions[0].CreationTime)
	if err != nil || created.Before(begun.Add(-time.Second)) || created.After(time.Now()) || !strings.HasSuffix(versions[0].CreationTime, "Z") {
		t.Errorf("the first version was made at %s", versions[0].CreationTime)
	}

	// A deploy of an earlier version makes no new one, by either call.
	for _, path := range []string{"applications/shop", "applications/shop/rollback"} {
		want(t, s, "POST", path, `{"previous_version":"`+first+`"}`, 200, `{"ApplicationName":"shop","ApplicationVersion":"`+first+`"}`)
		await(t, s, "applications/shop", `"Status":"AVAILABLE","Version":"`+first+`"`)
	}
	want(t, s, "GET", "applications/shop/versions", "", 200, list)

	s = restart(t, s)
	want(t, s, "GET", "applications/shop/versions", "", 200, list)
	want(t, s, "POST", "applications/shop", `{"previous_version":"`+second+`"}`, 200, `{"ApplicationName":"shop","ApplicationVersion":"`+second+`"}`)
}

func TestDeployIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	register(t, s, "neighbour", "abc")
	deployed(t, s, "shop", configured("database: {app_db_name: orders}"))
	archive := func(config string) string { return `{"application_archive":"` + configured(config).base64(t) + `"}` }
	plain := appFiles{}.base64(t)
	tests := map[string]struct {
		app, body string
		status    int
		message   string
	}{
		"neither":         {"shop", `{}`, 400, "a deploy has either an application_archive or a previous_version"},
		"null":            {"shop", `{"application_archive":null}`, 400, "a deploy has either an application_archive or a previous_version"},
		"both":            {"shop", `{"application_archive":"` + plain + `","previous_version":"1"}`, 400, "a deploy has either an application_archive or a previous_version"},
		"no such version": {"shop", `{"previous_version":"1"}`, 400, "application shop has no version 1"},
		"path as version": {"shop", `{"previous_version":"../../state"}`, 400, "application shop has no version ../../state"},
		"with a target": {"shop", `{"application_archive":"` + plain + `","target_database_name":"abc"}`, 400,
			"target_database_name belongs to changedbinstance: a deploy does not move an application"},
		"spelling":  {"shop", `{"applicationArchive":"eA=="}`, 400, `unknown field "applicationArchive": this call has a field "application_archive"`},
		"no zip":    {"shop", `{"application_archive":"bm90IGEgemlw"}`, 400, "application_archive is not a zip archive"},
		"no base64": {"shop", `{"application_archive":"AAAA!AAA"}`, 400, "application_archive is not base64: byte 4"},
		"no config": {"shop", `{"application_archive":"` + base64.StdEncoding.EncodeToString(emptyZip(t)) + `"}`, 400,
			"the application archive has no dbos-config.yaml"},
		"large config": {"shop", archive("#" + strings.Repeat("x", largestConfig)), 400,
			"dbos-config.yaml in the application archive is larger than 1048576 bytes"},
		"another database": {"shop", archive("database: {app_db_name: other}"), 400,
			"application shop is deployed with app_db_name orders, but dbos-config.yaml says other"},
		"a neighbour's database": {"neighbour", archive("database: {app_db_name: orders}"), 400,
			"database orders on instance abc belongs to application shop: set another app_db_name in dbos-config.yaml"},
		"the server's own database": {"neighbour", archive("database: {app_db_name: postgres}"), 400, `app_db_name "postgres" is the server's own`},
		"long database":             {"neighbour", archive("database: {app_db_name: " + strings.Repeat("x", 64) + "}"), 400, `app_db_name "` + strings.Repeat("x", 64) + `" is longer than 63 characters`},
	}
	// One after the other, since an application has one deploy at a time.
	for _, test := range tests {
		wantRefusal(t, s, "POST", "applications/"+test.app, test.body, test.status, test.message)
	}
	left, err := os.ReadDir(s.dir.file("archives"))
	if err != nil || len(left) != 1 {
		t.Errorf("what was refused has left %v: %v", left, err)
	}
}

func emptyZip(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	if err := zip.NewWriter(&archive).Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestDeployOfNoYAML(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	for _, config := range []string{"a: [", "database: 3", "database: {migrate: x}"} {
		body := `{"application_archive":"` + configured(config).base64(t) + `"}`
		if status, answer := ask(t, s, "POST", "applications/shop", body); status != 400 || !strings.Contains(answer, "dbos-config.yaml in the application archive: ") {
			t.Errorf("%s: %d %s", config, status, answer)
		}
	}
	// Unknown fields of the configuration are ignored.
	deployed(t, s, "shop", configured("name: shop\ndatabase_url: ${DBOS_DATABASE_URL}\nruntimeConfig: {start: [node]}\ndatabase:\n"))
}

func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	failing := `{"application_archive":"` + configured("database: {migrate: [one, 'false', two]}").base64(t) + `"}`
	refused := `{"message":"application shop could not be deployed: its migration failed: command \"false\": exit status 1","statusCode":400,"requestID":"ID","DetailedError":"simulated: one\nsimulated: false\n"}`
	want(t, s, "POST", "applications/shop", failing, 400, refused)
	await(t, s, "applications/shop", `"Status":"UNAVAILABLE","Version":""`)
	want(t, s, "GET", "applications/shop/versions", "", 200, `[]`)

	version := deployed(t, s, "shop", appFiles{})
	before := shop(t, s)
	want(t, s, "POST", "applications/shop", failing, 400, refused)
	await(t, s, "applications/shop", `"Status":"AVAILABLE","Version":"`+version+`"`)
	wantShop(t, s, before)
}

func TestChangeInstance(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	provision(t, s, "abd")
	register(t, s, "shop", "abc")
	version := deployed(t, s, "shop", appFiles{})
	b := watched(s)
	const path = "applications/shop/changedbinstance"
	wantRefusal(t, s, "POST", path, `{"previous_version":"`+version+`"}`, 400, "target_database_name is missing")
	wantRefusal(t, s, "POST", path, `{"previous_version":"`+version+`","target_database_name":"nosuch"}`, 404, "database nosuch not found")
	s.HoldStatus("abd", "rebooting")
	wantRefusal(t, s, "POST", path, `{"previous_version":"`+version+`","target_database_name":"abd"}`, 409,
		`database abd is not in an available state: its status is "rebooting"`)
	s.HoldStatus("abd", "available")

	failing := `{"application_archive":"` + configured("database: {migrate: ['false']}").base64(t) + `","target_database_name":"abd"}`
	if status, answer := ask(t, s, "POST", path, failing); status != 400 {
		t.Errorf("%d %s", status, answer)
	}
	await(t, s, "applications/shop", `"PostgresInstanceName":"abc","ApplicationDatabaseName":"shop","Status":"AVAILABLE"`)

	want(t, s, "POST", path, `{"target_database_name":"abd","previous_version":"`+version+`"}`, 200, `{"ApplicationName":"shop","ApplicationVersion":"`+version+`"}`)
	await(t, s, "applications/shop", `"PostgresInstanceName":"abd","ApplicationDatabaseName":"shop","Status":"AVAILABLE","Version":"`+version+`"`)
	b.wantCalls(t, "create abd/shop", "create abd/shop")

	// A deploy does not move the application back.
	deployed(t, s, "shop", appFiles{})
	if got := shop(t, s); !strings.Contains(got, `"PostgresInstanceName":"abd"`) {
		t.Error(got)
	}
}

func TestDeployGoesOnWithoutItsClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	s.Inject(Fault{Method: "POST", Path: "applications/*", Times: 1, Lose: true})
	body := `{"application_archive":"` + appFiles{}.base64(t) + `"}`
	if resp, err := send(t, s, "POST", "/v1alpha1/local/applications/shop", body); err == nil {
		_ = resp.Body.Close()
		t.Fatal("the answer is not lost")
	}
	await(t, s, "applications/shop", `"Status":"AVAILABLE"`)
}

func TestDatabaseNames(t *testing.T) {
	t.Parallel()
	for application, want := range map[string]string{
		"shop":                     "shop",
		"my-shop":                  "my_shop",
		"7-eleven":                 "_7_eleven",
		"Big.Shop":                 "big_shop",
		strings.Repeat("long", 20): strings.Repeat("long", 15) + "lon",
	} {
		if got := defaultDatabase(application); got != want {
			t.Errorf("%s has %s, want %s", application, got, want)
		}
	}
}

func TestVersionsRiseWithinAMillisecond(t *testing.T) {
	t.Parallel()
	s := start(t)
	ahead := time.Now().Add(time.Hour).UnixMilli()
	archive, err := os.CreateTemp(s.dir.file("archives"), "upload-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	a := application{ID: "x", Versions: []version{{ID: fmt.Sprint(ahead)}}}
	if id, err := s.keepArchive(a, &deployRequest{archive: archive.Name()}); err != nil || id != fmt.Sprint(ahead+1) {
		t.Errorf("the version after %d is %s: %v", ahead, id, err)
	}
}
