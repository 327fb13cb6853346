// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const shopJSON = `{"Name":"shop","ID":"id-1","PostgresInstanceName":"db1","ApplicationDatabaseName":"shop_db","Status":"AVAILABLE","Version":"v1","AppURL":"https://acme-shop.cloud.dbos.dev/","ExecutorsMemoryMib":1024}`

var shop = cloud.Application{
	Name: "shop", ID: "id-1", Instance: "db1", Database: "shop_db", Status: "AVAILABLE", Version: "v1",
	URL: "https://acme-shop.cloud.dbos.dev/", MemoryMiB: 1024,
}

func TestReadApplications(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, map[string][]reply{
		"GET /applications/shop": {ok(shopJSON)},
		"GET /applications/bare": {ok(`{"Name":"bare","ID":null,"Version":null,"Extra":1}`)},
		"GET /applications/gone": {refusal(404, "application gone not found")},
		"GET /applications/odd":  {ok(`{"Name":"other"}`)},
		"GET /applications/html": {reply{404, "<html>not found</html>"}},
		"GET /applications":      {ok(`[` + shopJSON + `,{"Name":"bare"}]`)},
	})
	if got, err := client.FreshApplication(limited(t), "shop"); err != nil || *got != shop || !got.Available() {
		t.Errorf("shop: %+v, %v", got, err)
	}
	if got, err := client.Application(limited(t), "bare"); err != nil || *got != (cloud.Application{Name: "bare"}) || got.Available() {
		t.Errorf("bare: %+v, %v", got, err)
	}
	if _, err := client.FreshApplication(limited(t), "gone"); !cloud.IsNotFound(err) {
		t.Errorf("gone: %v", err)
	}
	if _, err := client.FreshApplication(limited(t), "html"); err == nil || cloud.IsNotFound(err) {
		t.Errorf("html: %v", err)
	}
	_, err := client.FreshApplication(limited(t), "odd")
	says(t, err, `DBOS Cloud was asked for application "odd" and answered with another, "other"`)
	want := []cloud.Application{{Name: "bare"}, shop}
	for name, list := range map[string]func() ([]cloud.Application, error){
		"shared": func() ([]cloud.Application, error) { return client.Applications(limited(t)) },
		"fresh":  func() ([]cloud.Application, error) { return client.FreshApplications(limited(t)) },
	} {
		if got, err := list(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s list: %+v, %v", name, got, err)
		}
	}
}

func TestEmptyAndBrokenLists(t *testing.T) {
	t.Parallel()
	for body, broken := range map[string]bool{
		`[]`: false, `null`: false, `{}`: true, `[{"ID":"x"}]`: true, `[{"Name":1}]`: true, ``: true, `[{"Name":"a"}`: true, `<html>`: true,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			client, _ := scriptedFor(t, 100*time.Millisecond, map[string][]reply{"GET /applications": {ok(body)}})
			got, err := client.Applications(limited(t))
			if (err != nil) != broken || len(got) != 0 || !broken && got == nil {
				t.Errorf("%#v, %v", got, err)
			}
		})
	}
}

// TestConcurrentReadsShareAList checks that our write ends the use of an older list.
func TestConcurrentReadsShareAList(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, map[string][]reply{
		"GET /applications":        {ok(`[` + shopJSON + `]`), ok(`[]`)},
		"GET /applications/shop":   {noShop},
		"PATCH /applications/shop": {ok(``)},
	})
	if _, err := client.Applications(limited(t)); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got, err := client.Application(limited(t), "shop"); err != nil || *got != shop {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	group.Wait()
	memory := int64(512)
	if err := client.UpdateApplication(limited(t), "shop", cloud.ApplicationUpdate{MemoryMiB: &memory}); err != nil {
		t.Error(err)
	}
	if got, err := client.Applications(limited(t)); err != nil || len(got) != 0 {
		t.Errorf("after the write: %+v, %v", got, err)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	memory := int64(2048)
	const plain = `PUT /applications {"name":"shop","database":"db1","language":"node","provenancedb":""}`
	const full = `PUT /applications {"name":"shop","database":"db1","language":"node","provenancedb":"db1","executors_memory_mib":2048}`
	for name, test := range map[string]struct {
		look, put []reply
		full      bool
		id, err   string
		is        error
		writes    int
	}{
		"visible late":           {look: []reply{noShop, noShop, noShop, noShop, noShop, ok(shopJSON)}, put: []reply{ok(`"id-1"`)}, id: "id-1", writes: 1},
		"accepted":               {look: []reply{noShop, ok(shopJSON)}, put: []reply{ok(`"id-1"`)}, id: "id-1", writes: 1},
		"with everything":        {look: []reply{noShop, ok(shopJSON)}, put: []reply{ok(`"id-1"`)}, full: true, id: "id-1", writes: 1},
		"taken":                  {look: []reply{ok(shopJSON)}, err: `application "shop" already exists`, is: cloud.ErrExists},
		"answer lost":            {look: []reply{noShop, ok(shopJSON)}, put: []reply{lost}, id: "id-1", writes: 1},
		"answer lost, seen late": {look: []reply{noShop, noShop, noShop, ok(shopJSON)}, put: []reply{badGateway}, id: "id-1", writes: 1},
		"answer unreadable":      {look: []reply{noShop, ok(shopJSON)}, put: []reply{ok(`{"id":"x"}`)}, id: "id-1", writes: 1},
		"not carried out":        {look: times(9, noShop, ok(shopJSON)), put: []reply{badGateway, lost, ok(`"id-1"`)}, id: "id-1", writes: 3},
		"refused": {
			look: []reply{noShop}, put: []reply{refusal(404, "database db1 not found")},
			err:    `DBOS Cloud answered "database db1 not found" (404 Not Found to PUT /v1alpha1/acme/applications, request ID req-7)`,
			writes: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := scripted(t, map[string][]reply{"GET /applications/shop": test.look, "PUT /applications": test.put})
			n, write := cloud.NewApplication{Name: "shop", Instance: "db1", Language: "node"}, plain
			if test.full {
				n.TimeTravel, n.MemoryMiB, write = true, &memory, full
			}
			var id string
			application, err := client.RegisterApplication(limited(t), n)
			if application != nil {
				id = application.ID
			}
			if id != test.id || err == nil && *application != shop || test.is != nil && !errors.Is(err, test.is) || cloud.IsNotFound(err) {
				t.Errorf("ID %q, error %v", id, err)
			}
			says(t, err, test.err)
			var writes []string
			for range test.writes {
				writes = append(writes, write)
			}
			s.expect(t, writes...)
		})
	}
}

// TestRegisterAdoptsOnlyItsOwn loses the answer while somebody else registers the name on another instance.
func TestRegisterAdoptsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, map[string][]reply{
		"GET /applications/shop": {noShop, ok(shopJSON)},
		"PUT /applications":      {lost},
	})
	_, err := client.RegisterApplication(limited(t), cloud.NewApplication{Name: "shop", Instance: "db2", Language: "node"})
	if !errors.Is(err, cloud.ErrExists) || !strings.HasSuffix(message(err), `it is on database instance "db1"`) {
		t.Errorf("error %v", err)
	}
}

func TestUpdateApplication(t *testing.T) {
	t.Parallel()
	client, s := scripted(t, map[string][]reply{"PATCH /applications/shop": {lost, badGateway, busy, ok(``)}})
	one, two, memory := int64(1), int64(2), int64(512)
	for _, u := range []cloud.ApplicationUpdate{{}, {MinExecutors: &one, MaxExecutors: &two}, {MemoryMiB: &memory}} {
		if err := client.UpdateApplication(limited(t), "shop", u); err != nil {
			t.Error(err)
		}
	}
	const vms = `PATCH /applications/shop {"min_vms":1,"max_vms":2}`
	s.expect(t, vms, vms, vms, vms, `PATCH /applications/shop {"executors_memory_mib":512}`)
}

func TestDeleteApplication(t *testing.T) {
	t.Parallel()
	client, s := scripted(t, map[string][]reply{
		"DELETE /applications/shop": {busy, ok(``)},
		"DELETE /applications/gone": {refusal(404, "application gone not found")},
		"DELETE /applications/held": {refusal(400, "it is held")},
	})
	if err := client.DeleteApplication(limited(t), "shop", true); err != nil {
		t.Error(err)
	}
	if err := client.DeleteApplication(limited(t), "gone", false); err != nil {
		t.Error(err)
	}
	says(t, client.DeleteApplication(limited(t), "held", false),
		`DBOS Cloud answered "it is held" (400 Bad Request to DELETE /v1alpha1/acme/applications/held, request ID req-7)`)
	s.expect(t, `DELETE /applications/shop {"dropdb":true}`, `DELETE /applications/shop {"dropdb":true}`,
		`DELETE /applications/gone {"dropdb":false}`, `DELETE /applications/held {"dropdb":false}`)
}

func TestApplicationVersions(t *testing.T) {
	t.Parallel()
	client, _ := scriptedFor(t, 100*time.Millisecond, map[string][]reply{
		"GET /applications/shop/versions": {ok(`[
			{"ApplicationName":"shop","Version":"a","CreationTime":"2026-11-01T10:00:00Z"},
			{"ApplicationName":"shop","Version":"c","CreationTime":"2026-11-01T09:00:00.5Z"},
			{"ApplicationName":"shop","Version":"b","CreationTime":"2026-11-01T12:30:00+02:00"}]`)},
		"GET /applications/gone/versions": {refusal(404, "application gone not found")},
		"GET /applications/none/versions": {ok(`null`)},
		"GET /applications/odd/versions":  {ok(`[{"ApplicationName":"odd","Version":"a","CreationTime":"yesterday"}]`), ok(`[{"ApplicationName":"odd"}]`)},
	})
	got, err := client.ApplicationVersions(limited(t), "shop")
	if err != nil || len(got) != 3 || got[0].Version+got[1].Version+got[2].Version != "bac" {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := time.Date(2026, 11, 1, 10, 30, 0, 0, time.UTC); !got[0].CreatedAt.Equal(want) || got[0].Application != "shop" {
		t.Errorf("%+v", got[0])
	}
	if got, err := client.ApplicationVersions(limited(t), "none"); err != nil || len(got) != 0 {
		t.Errorf("none: %+v, %v", got, err)
	}
	if _, err := client.ApplicationVersions(limited(t), "gone"); !cloud.IsNotFound(err) {
		t.Errorf("gone: %v", err)
	}
	for _, want := range []string{"cannot be used, as parsing time", "cannot be used, as item 0: there is no Version"} {
		_, err := client.ApplicationVersions(limited(t), "odd")
		if !strings.Contains(message(err), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestWaitApplication(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, map[string][]reply{"GET /applications/shop": {
		noShop, badGateway, application("AVAILABLE", "v1", "db1"), application("STRANGE", "v2", "db1"), application("", "v2", "db2"),
		application("AVAILABLE", "v2", "db1"), application("AVAILABLE", "v2", "db2"), noShop,
	}})
	moved := cloud.Rollout{Version: "v2", Replaces: "v1", Instance: "db2", Leaves: "db1"}
	got, err := client.WaitApplication(limited(t), "shop", moved)
	if err != nil || got.Version != "v2" || got.Instance != "db2" || !moved.Arrived(*got) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := client.WaitApplicationGone(limited(t), "shop"); err != nil {
		t.Error(err)
	}

	client, _ = scripted(t, map[string][]reply{"GET /applications/shop": {application("AVAILABLE", "v1", "db1")}})
	if _, err := client.WaitApplication(limited(t), "shop", cloud.Rollout{Version: "v1"}); err != nil {
		t.Error(err)
	}

	client, _ = scripted(t, map[string][]reply{"GET /applications/shop": {
		application("AVAILABLE", "v1", "db1"), refusal(403, "forbidden"),
	}})
	_, err = client.WaitApplication(limited(t), "shop", cloud.Rollout{Version: "v2", Replaces: "v1"})
	var wait *cloud.WaitError
	if !errors.As(err, &wait) || wait.Kind != "application" || wait.Name != "shop" || wait.Status != "AVAILABLE" || wait.DeadEnd {
		t.Errorf("%+v", err)
	}
}

// TestOvertakenRollout ends a wait for a version that will never be available, because somebody has deployed or moved
// the application since.
func TestOvertakenRollout(t *testing.T) {
	t.Parallel()
	deployed := cloud.Rollout{Version: "v2", Replaces: "v1"}
	moved := cloud.Rollout{Version: "v2", Replaces: "v1", Instance: "db2", Leaves: "db1"}
	for name, test := range map[string]struct {
		rollout           cloud.Rollout
		version, instance string
	}{
		"a deploy by a deploy":             {deployed, "v3", "db1"},
		"a first deploy by a deploy":       {cloud.Rollout{Version: "v2"}, "v3", "db1"},
		"a move by a deploy":               {moved, "v3", "db2"},
		"a move by a deploy before it":     {moved, "v3", "db1"},
		"a move by a move":                 {moved, "v2", "db3"},
		"a move by a move of the old one":  {moved, "v1", "db3"},
		"a move by a deploy and then that": {moved, "v3", "db3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := scripted(t, map[string][]reply{"GET /applications/shop": {
				application("DEPLOYING", test.version, test.instance), application("AVAILABLE", test.version, test.instance), refusal(403, "one look too many"),
			}})
			got, err := client.WaitApplication(limited(t), "shop", test.rollout)
			if err != nil || got.Version != test.version || got.Instance != test.instance || test.rollout.Arrived(*got) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestWritesToOneApplicationQueueUp makes many writes at once. They must reach the server one after the other.
func TestWritesToOneApplicationQueueUp(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		time.Sleep(5 * time.Millisecond) // how long the server takes
		inside.Add(-1)
	}))
	t.Cleanup(server.Close)
	client := newTestClient(t, cloud.Config{Endpoint: server.URL, Organization: "acme", Login: cloud.Login{Token: "zqxj"}})
	memory := int64(512)
	var group sync.WaitGroup
	for _, write := range []func() error{
		func() error { return client.SetSecret(limited(t), "shop", "A", "value") },
		func() error { return client.SetSecret(limited(t), "shop", "B", "value") },
		func() error { return client.DeleteSecret(limited(t), "shop", "C") },
		func() error { return client.DeleteApplication(limited(t), "shop", false) },
		func() error {
			return client.UpdateApplication(limited(t), "shop", cloud.ApplicationUpdate{MemoryMiB: &memory})
		},
	} {
		group.Go(func() {
			if err := write(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := most.Load(); n != 1 {
		t.Errorf("%d writes were under way at once", n)
	}
}
