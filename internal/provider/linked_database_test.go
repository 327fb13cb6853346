// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

// legacy is the link of these tests.
var legacy = attributes{"name": "legacy", "hostname": "db.example.com", "password": "old-password"}

const (
	legacyRecord   = "GET databases/userdb/info/legacy"
	unlinkLegacy   = "DELETE databases/byod/legacy"
	isProvisioned  = "is a provisioned database instance|Nothing was changed"
	isLinked       = "is a linked database|Nothing was changed"
	provisionedOne = `{"PostgresInstanceName":"legacy","Status":"available","HostName":"db.example.com","Port":5432,"DatabaseUsername":"app","DBOSAdminName":"dbosadmin","IsLinked":false,"SupabaseReference":null}`
	linkedOne      = `{"PostgresInstanceName":"legacy","Status":"available","HostName":"db.example.com","Port":5432,"DatabaseUsername":"dbosadmin","DBOSAdminName":"dbosadmin","IsLinked":true,"SupabaseReference":null}`
	olderOne       = `{"PostgresInstanceName":"legacy","Status":"available","HostName":"db.example.com","Port":5432,"AdminUsername":"boss"}`
)

// linkCall is the call that links legacy, with a password and further fields.
func linkCall(password, host string, port int, more string) string {
	return fmt.Sprintf(`POST databases/byod {"Name":"legacy","HostName":%q,"Port":%d,"Password":%q,%s}`, host, port, password, more)
}

// linking is an API in which legacy can be linked and unlinked; an older one tells less of it.
func linking(older bool) *api {
	a := &api{}
	absent := func() { a.fail(legacyRecord, http.StatusNotFound, "database legacy not found") }
	absent()
	a.answer("POST databases/byod", func(body string) (int, string) {
		var link struct {
			HostName, Password, SupabaseReference, DBOSAdminName string
			Port                                                 int
		}
		if err := json.Unmarshal([]byte(body), &link); err != nil {
			return http.StatusBadRequest, fmt.Sprintf(`{"message":%q,"statusCode":400,"requestID":"r1"}`, err)
		}
		if link.SupabaseReference != "" && link.DBOSAdminName != "" {
			return http.StatusBadRequest, `{"message":"supabaseReference and dbosAdminName exclude each other","statusCode":400,"requestID":"r1"}`
		}
		reference, role := "null", cmp.Or(link.DBOSAdminName, "dbosadmin")
		if link.SupabaseReference != "" {
			reference, role = `"`+link.SupabaseReference+`"`, "postgres."+link.SupabaseReference
		}
		record := fmt.Sprintf(`{"PostgresInstanceName":"legacy","Status":"available","HostName":%q,"Port":%d,`, link.HostName, link.Port)
		if older {
			record += fmt.Sprintf(`"AdminUsername":%q}`, role)
		} else {
			record += fmt.Sprintf(`"DatabaseUsername":%q,"DBOSAdminName":%[1]q,"IsLinked":true,"SupabaseReference":%s}`, role, reference)
		}
		a.say(legacyRecord, record)
		return http.StatusOK, ""
	})
	a.answer(unlinkLegacy, func(string) (int, string) {
		absent()
		return http.StatusOK, ""
	})
	return a
}

func TestLinkedDatabaseValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set  attributes
		want string
	}{
		"all unknown":           {attributes{"name": unknown, "hostname": unknown, "port": unknown, "password": unknown, "admin_username": unknown, "supabase_reference": unknown, "time_travel": unknown}, ""},
		"role or Supabase":      {legacy.with(attributes{"admin_username": "boss", "supabase_reference": "abcdef"}), "admin_username|supabase_reference"},
		"a role's name":         {legacy.with(attributes{"admin_username": "a.b"}), "Invalid username"},
		"one of them unknown":   {legacy.with(attributes{"admin_username": unknown, "supabase_reference": "abcdef"}), ""},
		"the other one unknown": {legacy.with(attributes{"admin_username": "boss", "supabase_reference": unknown}), ""},
		"name":                  {legacy.with(attributes{"name": "Legacy"}), "Invalid instance name|use 3 to 30 characters of a-z, 0-9, _ and -."},
		"port":                  {legacy.with(attributes{"port": 65536}), "Invalid port"},
		"no host":               {legacy.with(attributes{"hostname": ""}), "hostname"},
		"password":              {legacy.with(attributes{"password": "with space"}), "Invalid password"},
	}
	r := newRPC(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.in(t).validate(linkedDatabaseType, tt.set, tt.want)
		})
	}
}

// A change is one unlinking and one link, or nothing; never anything that a provisioned instance would feel.
func TestLinkedDatabaseChanges(t *testing.T) {
	t.Parallel()
	supabase := attributes{"supabase_reference": "abcdef"}
	const plain = `"captureProvenance":false`
	ofRole := func(role string) string { return plain + fmt.Sprintf(`,"dbosAdminName":%q`, role) }
	tests := map[string]struct {
		before, after attributes
		writes        []string
	}{
		"nothing":       {nil, nil, nil},
		"its limits":    {nil, attributes{"timeouts": map[string]string{"create": "1h"}}, nil},
		"no password":   {nil, attributes{"password": nil}, nil},
		"host":          {nil, attributes{"hostname": "new.example.com"}, []string{unlinkLegacy, linkCall("old-password", "new.example.com", 5432, ofRole("dbosadmin"))}},
		"port":          {nil, attributes{"port": 6543}, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 6543, ofRole("dbosadmin"))}},
		"role":          {nil, attributes{"admin_username": "boss"}, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 5432, ofRole("boss"))}},
		"password":      {nil, attributes{"password": "new-password"}, []string{unlinkLegacy, linkCall("new-password", "db.example.com", 5432, ofRole("dbosadmin"))}},
		"write-only":    {nil, attributes{"password": nil, "password_wo": "new-password", "password_wo_version": 1}, []string{unlinkLegacy, linkCall("new-password", "db.example.com", 5432, ofRole("dbosadmin"))}},
		"time travel":   {nil, attributes{"time_travel": true}, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 5432, `"captureProvenance":true,"dbosAdminName":"dbosadmin"`)}},
		"to Supabase":   {nil, supabase, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 5432, plain+`,"supabaseReference":"abcdef"`)}},
		"from Supabase": {supabase, attributes{"supabase_reference": nil}, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 5432, ofRole("dbosadmin"))}},
		"of Supabase":   {supabase, attributes{"port": 6543}, []string{unlinkLegacy, linkCall("old-password", "db.example.com", 6543, plain+`,"supabaseReference":"abcdef"`)}},
	}
	for name, tt := range tests {
		for age, older := range map[string]bool{"": false, " on an older server": true} {
			t.Run(name+age, func(t *testing.T) {
				t.Parallel()
				a := linking(older)
				r := newRPC(t, a)
				before := legacy.with(tt.before)
				o := r.refresh(r.apply(linkedDatabaseType, nil, before, "", ""), "")
				r.unchanged(o, before)
				a.written()
				after := before.with(tt.after)
				o = r.apply(linkedDatabaseType, o, after, "", "")
				wantWrites(t, a, tt.writes...)
				r.unchanged(r.refresh(o, ""), after)
			})
		}
	}
}

// An import changes nothing, whatever the record does not tell.
func TestLinkedDatabaseImport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		record  string
		set     attributes
		updated bool // an update that calls nothing records what the record lacks
		warning string
	}{
		"as it is":             {record: linkedOne},
		"an older server":      {record: olderOne},
		"its role":             {record: olderOne, set: attributes{"admin_username": "boss"}, updated: true},
		"its Supabase project": {record: olderOne, set: attributes{"supabase_reference": "abcdef"}, updated: true},
		"its time travel":      {record: linkedOne, set: attributes{"time_travel": true}, updated: true, warning: "WARNING: time_travel of linked database|only writes the value to the state"},
		"of no kind":           {record: `{"PostgresInstanceName":"legacy","Status":"","HostName":"db.example.com","Port":5432,"IsLinked":null}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{}
			a.say(legacyRecord, tt.record)
			r := newRPC(t, a)
			set := legacy.with(attributes{"password": nil}).with(tt.set)
			o := r.imported(linkedDatabaseType, "legacy", "")
			if tt.updated {
				o = r.apply(linkedDatabaseType, o, set, tt.warning, "")
			}
			r.unchanged(r.refresh(o, ""), set)
			wantWrites(t, a)
		})
	}
}

// A configuration generated from the state of a Supabase link must be valid: the role and the project exclude each
// other.
func TestSupabaseLinkHoldsNoRole(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say(legacyRecord, strings.Replace(strings.ReplaceAll(linkedOne, `"dbosadmin"`, `"postgres.abcdef"`), `"SupabaseReference":null`, `"SupabaseReference":"abcdef"`, 1))
	r := newRPC(t, a)
	o := r.imported(linkedDatabaseType, "legacy", "")
	r.check(o.value, attributes{"admin_username": nil, "supabase_reference": "abcdef"})
	set := attributes{"name": "legacy", "hostname": "db.example.com", "port": 5432, "supabase_reference": "abcdef"}
	r.validate(linkedDatabaseType, set, "")
	r.unchanged(o, set)

	// An older build recorded the role.
	older := *o
	values := map[string]tftypes.Value{}
	if err := o.value.As(&values); err != nil {
		t.Fatal(err)
	}
	values["admin_username"] = tftypes.NewValue(tftypes.String, "postgres.abcdef")
	older.value = tftypes.NewValue(o.value.Type(), values)
	r.unchanged(r.refresh(&older, ""), set)
	r.apply(linkedDatabaseType, &older, set, "", "")
	wantWrites(t, a)
}

func TestImportUnderTheOtherType(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say(legacyRecord, linkedOne)
	r := newRPC(t, a)
	r.refresh(r.importedUnread(databaseInstanceType, "legacy", ""), isLinked+"|Import it as a dbos_linked_database instead.")
	a.say(legacyRecord, provisionedOne)
	r.refresh(r.importedUnread(linkedDatabaseType, "legacy", ""), isProvisioned+"|Import it as a dbos_database_instance instead.")
}

// A refusal at plan time names the applications, or the missing password.
func TestLinkedDatabaseChangeIsRefused(t *testing.T) {
	t.Parallel()
	a := linking(false)
	r := newRPC(t, a)
	o := r.apply(linkedDatabaseType, nil, legacy, "", "")
	a.written()
	moved := legacy.with(attributes{"port": 6543})
	a.say("GET applications/shop", application("shop", "legacy", "1", "AVAILABLE", 512))
	a.say("GET applications/cart", application("cart", "orders", "1", "AVAILABLE", 512))
	planned := r.plan(linkedDatabaseType, o, moved, `Linked database "legacy" is in use|These applications are still on it: shop.`)
	r.plan(linkedDatabaseType, o, moved.with(attributes{"password": nil}), "Missing password|needs its password")
	r.plan(linkedDatabaseType, o, legacy.with(attributes{"password": nil, "password_wo_version": 2}), "A changed password_wo_version sends the password")
	r.plan(linkedDatabaseType, nil, legacy.with(attributes{"password": nil}), "Missing password|A new linked database needs a password")
	r.plan(linkedDatabaseType, nil, legacy.with(attributes{"name": "tiger-1024"}), "")
	// An application that came after the plan stops the apply as well.
	r.finish(planned, linkedDatabaseType, o, moved, "is in use|shop|Nothing was changed")
	r.destroy(o, "is in use|shop|Nothing was changed")
	wantWrites(t, a)
}

// A refusal between the two calls leaves no link; the next apply makes it.
func TestLinkedDatabaseChangeIsCutOff(t *testing.T) {
	t.Parallel()
	a := linking(false)
	r := newRPC(t, a)
	o := r.apply(linkedDatabaseType, nil, legacy, "", "")
	a.fail("POST databases/byod", http.StatusBadRequest, "no route to new-host with new-password")
	changed := legacy.with(attributes{"hostname": "new-host", "password": "new-password"})
	o = r.apply(linkedDatabaseType, o, changed, "", `no route to new-host with (hidden)|It is unlinked now|apply again to link it`)
	if o = r.refresh(o, ""); o != nil {
		t.Errorf("after the refusal the state holds %s", o.value)
	}
}

// A wait for the end of a link that ends first says what the next apply does: it links again, or sees the link gone.
func TestLinkedDatabaseIsNotSeenGone(t *testing.T) {
	t.Parallel()
	a := linking(false)
	r := newRPC(t, a)
	soon := legacy.with(attributes{"timeouts": map[string]string{"update": "100ms", "delete": "100ms"}})
	o := r.apply(linkedDatabaseType, nil, soon, "", "")
	a.say(unlinkLegacy, "")
	r.apply(linkedDatabaseType, o, soon.with(attributes{"port": 6543}), "", `Cannot confirm that linked database "legacy" is gone|apply again to link it`)
	r.destroy(o, `Cannot confirm that linked database "legacy" is gone|Apply again to confirm that it is gone`)
}

// Each kind that has become the other stops whatever was about to be done, before the first write.
func TestOtherKindStopsEveryWrite(t *testing.T) {
	t.Parallel()
	instance := attributes{"name": "legacy", "username": "app", "password": "old-password", "deletion_protection": false}
	restore := attributes{"name": "legacy", "source_instance_name": "orders", "restore_timestamp": "2026-11-25T10:00:00Z", "password": "old-password", "deletion_protection": false}
	tests := map[string]struct {
		own, other string // record
		set        attributes
		refusal    string
		warning    string
	}{
		linkedDatabaseType:   {linkedOne, provisionedOne, legacy, isProvisioned, "WARNING: The password of|unlinks the database and links it again"},
		databaseInstanceType: {provisionedOne, linkedOne, instance, isLinked, "WARNING: The password of|sets it to the configured one"},
		databaseRestoreType:  {provisionedOne, linkedOne, restore, isLinked, "WARNING: The password of|sets it to the configured one"},
	}
	for kind, tt := range tests {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := &api{}
			a.say(legacyRecord, tt.own)
			r := newRPC(t, a)
			o := r.apply(kind, r.imported(kind, "legacy", ""), tt.set.with(attributes{"password": nil}), "", "")
			a.say(legacyRecord, tt.other)

			r.refresh(o, tt.refusal)
			r.refresh(r.importedUnread(kind, "legacy", ""), tt.refusal)
			r.apply(kind, o, tt.set, tt.warning, tt.refusal)
			if r.destroy(o, tt.refusal) == nil {
				t.Error("it has left the state")
			}
			wantWrites(t, a)
		})
	}
}

// Older servers do not say whether an instance is linked. A resource assumes its own kind; the data source answers
// null.
func TestOlderServerTellsNoKind(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say(legacyRecord, olderOne)
	a.say("POST databases/userdb/legacy/credentials", "")
	r := newRPC(t, a)
	instance := attributes{"name": "legacy", "username": "boss"}
	o := r.imported(databaseInstanceType, "legacy", "")
	r.unchanged(o, instance)
	instance["password"] = "new-password"
	r.unchanged(r.refresh(r.apply(databaseInstanceType, o, instance, "WARNING: The password of", ""), ""), instance)
	wantWrites(t, a, `POST databases/userdb/legacy/credentials {"Password":"new-password"}`)

	restore := attributes{"name": "recovered", "source_instance_name": "legacy", "restore_timestamp": unknown}
	r.plan(databaseRestoreType, nil, restore, "")
	r.check(r.data(databaseInstanceType, attributes{"name": "legacy"}, ""), attributes{"username": "boss", "admin_username": nil, "linked": nil, "available": true})
	a.say(legacyRecord, linkedOne)
	r.plan(databaseRestoreType, nil, restore, `Database instance "legacy" cannot be restored|linked database`)
	r.check(r.data(databaseInstanceType, attributes{"name": "legacy"}, ""), attributes{"username": "dbosadmin", "linked": true})
}

// The user of a Supabase database is that of its project, whatever the record says of a role; one that is configured
// comes first.
func TestConnectionToLinkedDatabase(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reference string
		username  types.String
		want      string
	}{
		"a link":        {"", types.StringNull(), "dbosadmin"},
		"Supabase":      {"abcdef", types.StringNull(), "postgres.abcdef"},
		"another login": {"abcdef", types.StringValue("reader"), "reader"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := databaseConnectionModel{Username: tt.username, Password: types.StringValue("pass#word")}
			got := m.fill(&cloud.Instance{Hostname: "2001:db8::1", Port: 6543, Username: "dbosadmin", Linked: true, SupabaseReference: tt.reference})
			want := connection.Connection{Hostname: "2001:db8::1", Port: 6543, Username: tt.want, Password: "pass#word", Database: "postgres"}
			if got != want || m.Username.ValueString() != tt.want {
				t.Errorf("connection = %+v, want user %q", got, tt.want)
			}
		})
	}
}
