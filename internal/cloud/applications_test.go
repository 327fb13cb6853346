// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

const shopJSON = `{"Name":"shop","ID":"id-1","PostgresInstanceName":"db1","ApplicationDatabaseName":"shop_db","Status":"AVAILABLE","Version":"v1","AppURL":"https://acme-shop.cloud.dbos.dev/","ExecutorsMemoryMib":1024}`

var noShop = wiretest.Refuse(404, "application shop not found")

var shop = Application{
	Name: "shop", ID: "id-1", Instance: "db1", Database: "shop_db", Status: "AVAILABLE", Version: "v1",
	URL: "https://acme-shop.cloud.dbos.dev/", MemoryMiB: 1024,
}

func TestReadApplications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{
			"GET /acme/applications/shop": {wiretest.OK(shopJSON)},
			"GET /acme/applications/bare": {wiretest.OK(`{"Name":"bare","ID":null,"Version":null,"Extra":1}`)},
			"GET /acme/applications/gone": {wiretest.Refuse(404, "application gone not found")},
			"GET /acme/applications/odd":  {wiretest.OK(`{"Name":"other"}`)},
			"GET /acme/applications/html": {wiretest.Say(404, "<html>not found</html>")},
			"GET /acme/applications":      {wiretest.OK(`[` + shopJSON + `,{"Name":"bare"}]`)},
		})
		if got, err := c.FreshApplication(t.Context(), "shop"); err != nil || *got != shop || !got.Available() {
			t.Errorf("shop: %+v, %v", got, err)
		}
		if got, err := c.Application(t.Context(), "bare"); err != nil || *got != (Application{Name: "bare"}) || got.Available() {
			t.Errorf("bare: %+v, %v", got, err)
		}
		if _, err := c.FreshApplication(t.Context(), "gone"); !IsNotFound(err) {
			t.Errorf("gone: %v", err)
		}
		if _, err := c.FreshApplication(t.Context(), "html"); err == nil || IsNotFound(err) {
			t.Errorf("html: %v", err)
		}
		_, err := c.FreshApplication(t.Context(), "odd")
		wiretest.ExpectMessage(t, err, `DBOS Cloud was asked for application "odd" and answered with another, "other"`)
		want := []Application{{Name: "bare"}, shop}
		for name, list := range map[string]func() ([]Application, error){
			"shared": func() ([]Application, error) { return c.Applications(t.Context()) },
			"fresh":  func() ([]Application, error) { return c.FreshApplications(t.Context()) },
		} {
			if got, err := list(); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s list: %+v, %v", name, got, err)
			}
		}
	})
}

func TestEmptyAndBrokenLists(t *testing.T) {
	t.Parallel()
	for body, broken := range map[string]bool{
		`[]`: false, `null`: false, `{}`: true, `[{"ID":"x"}]`: true, `[{"Name":1}]`: true, ``: true, `[{"Name":"a"}`: true, `<html>`: true,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := scripted(t, wiretest.Script{"GET /acme/applications": {wiretest.OK(body)}})
				got, err := c.Applications(t.Context())
				if (err != nil) != broken || len(got) != 0 || !broken && got == nil {
					t.Errorf("%#v, %v", got, err)
				}
			})
		})
	}
}

// TestConcurrentReadsShareAList checks that our write ends the use of an older list.
func TestConcurrentReadsShareAList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{
			"GET /acme/applications":        {wiretest.OK(`[` + shopJSON + `]`), wiretest.OK(`[]`)},
			"GET /acme/applications/shop":   {noShop},
			"PATCH /acme/applications/shop": {wiretest.OK(``)},
		})
		if _, err := c.Applications(t.Context()); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if got, err := c.Application(t.Context(), "shop"); err != nil || *got != shop {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		group.Wait()
		memory := int64(512)
		if err := c.UpdateApplication(t.Context(), "shop", ApplicationUpdate{MemoryMiB: &memory}); err != nil {
			t.Error(err)
		}
		if got, err := c.Applications(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("after the write: %+v, %v", got, err)
		}
	})
}

func TestRegister(t *testing.T) {
	t.Parallel()
	memory := int64(2048)
	const plain = `PUT /acme/applications {"name":"shop","database":"db1","language":"node","provenancedb":""}`
	const full = `PUT /acme/applications {"name":"shop","database":"db1","language":"node","provenancedb":"db1","executors_memory_mib":2048}`
	for name, test := range map[string]struct {
		look, put wiretest.Answers
		full      bool
		id, err   string
		is        error
		writes    int
	}{
		"visible late":           {look: wiretest.Answers{noShop, noShop, noShop, noShop, noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.OK(`"id-1"`)}, id: "id-1", writes: 1},
		"accepted":               {look: wiretest.Answers{noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.OK(`"id-1"`)}, id: "id-1", writes: 1},
		"with everything":        {look: wiretest.Answers{noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.OK(`"id-1"`)}, full: true, id: "id-1", writes: 1},
		"taken":                  {look: wiretest.Answers{wiretest.OK(shopJSON)}, err: `application "shop" already exists`, is: ErrExists},
		"answer lost":            {look: wiretest.Answers{noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.Lose}, id: "id-1", writes: 1},
		"answer lost, seen late": {look: wiretest.Answers{noShop, noShop, noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.BadGateway}, id: "id-1", writes: 1},
		"answer unreadable":      {look: wiretest.Answers{noShop, wiretest.OK(shopJSON)}, put: wiretest.Answers{wiretest.OK(`{"id":"x"}`)}, id: "id-1", writes: 1},
		"not carried out":        {look: append(wiretest.Times(9, noShop), wiretest.OK(shopJSON)), put: wiretest.Answers{wiretest.BadGateway, wiretest.Lose, wiretest.OK(`"id-1"`)}, id: "id-1", writes: 3},
		"refused": {
			look: wiretest.Answers{noShop}, put: wiretest.Answers{wiretest.Refuse(404, "database db1 not found")},
			err:    `DBOS Cloud answered "database db1 not found" (404 Not Found to PUT /v1alpha1/acme/applications, request ID req-404)`,
			writes: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, w := scripted(t, wiretest.Script{"GET /acme/applications/shop": test.look, "PUT /acme/applications": test.put})
				n, write := NewApplication{Name: "shop", Instance: "db1", Language: "node"}, plain
				if test.full {
					n.TimeTravel, n.MemoryMiB, write = true, &memory, full
				}
				var id string
				application, err := c.RegisterApplication(t.Context(), n)
				if application != nil {
					id = application.ID
				}
				if id != test.id || err == nil && *application != shop || test.is != nil && !errors.Is(err, test.is) || IsNotFound(err) {
					t.Errorf("ID %q, error %v", id, err)
				}
				wiretest.ExpectMessage(t, err, test.err)
				var writes []string
				for range test.writes {
					writes = append(writes, write)
				}
				w.ExpectWrites(t, writes...)
			})
		})
	}
}

// TestRegisterFindsOnlyItsOwn loses the answer while somebody else registers the name on another instance.
func TestRegisterFindsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{
			"GET /acme/applications/shop": {noShop, wiretest.OK(shopJSON)},
			"PUT /acme/applications":      {wiretest.Lose},
		})
		_, err := c.RegisterApplication(t.Context(), NewApplication{Name: "shop", Instance: "db2", Language: "node"})
		if !errors.Is(err, ErrExists) || !strings.HasSuffix(wiretest.Message(err), `it is on database instance "db1"`) {
			t.Errorf("error %v", err)
		}
	})
}

func TestUpdateApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := scripted(t, wiretest.Script{"PATCH /acme/applications/shop": {wiretest.Lose, wiretest.BadGateway, wiretest.Busy, wiretest.OK(``)}})
		one, two, memory := int64(1), int64(2), int64(512)
		for _, u := range []ApplicationUpdate{{}, {MinExecutors: &one, MaxExecutors: &two}, {MemoryMiB: &memory}} {
			if err := c.UpdateApplication(t.Context(), "shop", u); err != nil {
				t.Error(err)
			}
		}
		const vms = `PATCH /acme/applications/shop {"min_vms":1,"max_vms":2}`
		w.ExpectWrites(t, vms, vms, vms, vms, `PATCH /acme/applications/shop {"executors_memory_mib":512}`)
	})
}

func TestDeleteApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := scripted(t, wiretest.Script{
			"DELETE /acme/applications/shop": {wiretest.Busy, wiretest.OK(``)},
			"DELETE /acme/applications/gone": {wiretest.Refuse(404, "application gone not found")},
			"DELETE /acme/applications/held": {wiretest.Refuse(400, "it is held")},
		})
		if err := c.DeleteApplication(t.Context(), "shop", true); err != nil {
			t.Error(err)
		}
		if err := c.DeleteApplication(t.Context(), "gone", false); err != nil {
			t.Error(err)
		}
		wiretest.ExpectMessage(t, c.DeleteApplication(t.Context(), "held", false),
			`DBOS Cloud answered "it is held" (400 Bad Request to DELETE /v1alpha1/acme/applications/held, request ID req-400)`)
		w.ExpectWrites(t, `DELETE /acme/applications/shop {"dropdb":true}`, `DELETE /acme/applications/shop {"dropdb":true}`,
			`DELETE /acme/applications/gone {"dropdb":false}`, `DELETE /acme/applications/held {"dropdb":false}`)
	})
}

func TestApplicationVersions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{
			"GET /acme/applications/shop/versions": {wiretest.OK(`[
			{"ApplicationName":"shop","Version":"a","CreationTime":"2026-11-01T10:00:00Z"},
			{"ApplicationName":"shop","Version":"c","CreationTime":"2026-11-01T09:00:00.5Z"},
			{"ApplicationName":"shop","Version":"b","CreationTime":"2026-11-01T12:30:00+02:00"}]`)},
			"GET /acme/applications/gone/versions": {wiretest.Refuse(404, "application gone not found")},
			"GET /acme/applications/none/versions": {wiretest.OK(`null`)},
			"GET /acme/applications/odd/versions":  {wiretest.OK(`[{"ApplicationName":"odd","Version":"a","CreationTime":"yesterday"}]`), wiretest.OK(`[{"ApplicationName":"odd"}]`)},
		})
		got, err := c.ApplicationVersions(t.Context(), "shop")
		if err != nil || len(got) != 3 || got[0].Version+got[1].Version+got[2].Version != "bac" {
			t.Fatalf("%+v, %v", got, err)
		}
		if want := time.Date(2026, 11, 1, 10, 30, 0, 0, time.UTC); !got[0].CreatedAt.Equal(want) || got[0].Application != "shop" {
			t.Errorf("%+v", got[0])
		}
		if got, err := c.ApplicationVersions(t.Context(), "none"); err != nil || len(got) != 0 {
			t.Errorf("none: %+v, %v", got, err)
		}
		if _, err := c.ApplicationVersions(t.Context(), "gone"); !IsNotFound(err) {
			t.Errorf("gone: %v", err)
		}
		for _, want := range []string{"cannot be used, as parsing time", "cannot be used, as item 0: there is no Version"} {
			_, err := c.ApplicationVersions(t.Context(), "odd")
			if !strings.Contains(wiretest.Message(err), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
	})
}

func TestWaitApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{"GET /acme/applications/shop": {
			noShop, wiretest.BadGateway, application("AVAILABLE", "v1", "db1"), application("STRANGE", "v2", "db1"), application("", "v2", "db2"),
			application("AVAILABLE", "v2", "db1"), application("AVAILABLE", "v2", "db2"), noShop,
		}})
		moved := Rollout{Version: "v2", Replaces: "v1", Instance: "db2", Leaves: "db1"}
		got, err := c.WaitApplication(t.Context(), "shop", moved)
		if err != nil || got.Version != "v2" || got.Instance != "db2" || !moved.Arrived(*got) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := c.WaitApplicationGone(t.Context(), "shop"); err != nil {
			t.Error(err)
		}

		c, _ = scripted(t, wiretest.Script{"GET /acme/applications/shop": {application("AVAILABLE", "v1", "db1")}})
		if _, err := c.WaitApplication(t.Context(), "shop", Rollout{Version: "v1"}); err != nil {
			t.Error(err)
		}

		c, _ = scripted(t, wiretest.Script{"GET /acme/applications/shop": {
			application("AVAILABLE", "v1", "db1"), wiretest.Refuse(403, "forbidden"),
		}})
		_, err = c.WaitApplication(t.Context(), "shop", Rollout{Version: "v2", Replaces: "v1"})
		var wait *WaitError
		if !errors.As(err, &wait) || wait.Kind != "application" || wait.Name != "shop" || wait.Status != "AVAILABLE" || wait.DeadEnd {
			t.Errorf("%+v", err)
		}
	})
}

// TestOvertakenRollout ends a wait for a version that will never be available, because somebody has deployed or moved
// the application since.
func TestOvertakenRollout(t *testing.T) {
	t.Parallel()
	deployed := Rollout{Version: "v2", Replaces: "v1"}
	moved := Rollout{Version: "v2", Replaces: "v1", Instance: "db2", Leaves: "db1"}
	for name, test := range map[string]struct {
		rollout           Rollout
		version, instance string
	}{
		"a deploy by a deploy":             {deployed, "v3", "db1"},
		"a first deploy by a deploy":       {Rollout{Version: "v2"}, "v3", "db1"},
		"a move by a deploy":               {moved, "v3", "db2"},
		"a move by a deploy before it":     {moved, "v3", "db1"},
		"a move by a move":                 {moved, "v2", "db3"},
		"a move by a move of the old one":  {moved, "v1", "db3"},
		"a move by a deploy and then that": {moved, "v3", "db3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := scripted(t, wiretest.Script{"GET /acme/applications/shop": {
					application("DEPLOYING", test.version, test.instance), application("AVAILABLE", test.version, test.instance), wiretest.Refuse(403, "one look too many"),
				}})
				got, err := c.WaitApplication(t.Context(), "shop", test.rollout)
				if err != nil || got.Version != test.version || got.Instance != test.instance || test.rollout.Arrived(*got) {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// TestWritesToOneApplicationQueueUp makes many writes at once. They must reach the server one after the other.
func TestWritesToOneApplicationQueueUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside, most int32
		c, _ := wired(t, func(http.ResponseWriter, *http.Request) {
			inside++
			most = max(most, inside)
			time.Sleep(time.Second) // how long the service takes
			inside--
		})
		memory := int64(512)
		var group sync.WaitGroup
		for _, write := range []func() error{
			func() error { return c.SetSecret(t.Context(), "shop", "A", "value") },
			func() error { return c.SetSecret(t.Context(), "shop", "B", "value") },
			func() error { return c.DeleteSecret(t.Context(), "shop", "C") },
			func() error { return c.DeleteApplication(t.Context(), "shop", false) },
			func() error {
				return c.UpdateApplication(t.Context(), "shop", ApplicationUpdate{MemoryMiB: &memory})
			},
		} {
			group.Go(func() {
				if err := write(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if most != 1 {
			t.Errorf("%d writes were under way at once", most)
		}
	})
}
