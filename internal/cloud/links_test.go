// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

func TestCreateLink(t *testing.T) {
	t.Parallel()
	absent := refusal(404, "database own not found")
	record := func(host string, linked string) reply {
		return ok(`{"PostgresInstanceName":"own","Status":"available","HostName":"` + host + `","Port":5433,"DatabaseUsername":"dbosadmin","IsLinked":` + linked + `}`)
	}
	plain := cloud.Link{Name: "own", Hostname: "db.example.org", Port: 5433, Password: "zqxj-pass"}
	full := cloud.Link{Name: "own", Hostname: "db.example.org", Port: 5433, Password: "zqxj-pass", AdminUsername: "chief", SupabaseReference: "abcref", TimeTravel: true}
	const plainCall = `POST /databases/byod {"Name":"own","HostName":"db.example.org","Port":5433,"Password":"zqxj-pass","captureProvenance":false}`
	const fullCall = `POST /databases/byod {"Name":"own","HostName":"db.example.org","Port":5433,"Password":"zqxj-pass","captureProvenance":true,"supabaseReference":"abcref","dbosAdminName":"chief"}`
	for name, test := range map[string]struct {
		link       cloud.Link
		look, post []reply
		err        string // how it ends
		is         error
		writes     []string
	}{
		"accepted":        {link: plain, look: []reply{absent, absent, record("db.example.org", "true")}, post: []reply{ok(``)}, writes: []string{plainCall}},
		"with everything": {link: full, look: []reply{absent, record("db.example.org", "true")}, post: []reply{ok(``)}, writes: []string{fullCall}},
		"taken":           {link: plain, look: []reply{record("db.example.org", "true")}, err: `database instance "own" already exists`, is: cloud.ErrExists},
		"answer lost":     {link: plain, look: []reply{absent, record("DB.example.org", "true")}, post: []reply{lost}, writes: []string{plainCall}},
		"answer lost, older server": {
			link: plain, look: []reply{absent, ok(`{"PostgresInstanceName":"own","Status":"available","HostName":"db.example.org","Port":5433,"AdminUsername":"dbosadmin"}`)},
			post: []reply{lost}, writes: []string{plainCall},
		},
		"not carried out": {link: plain, look: times(5, absent, record("db.example.org", "true")), post: []reply{lost, ok(``)}, writes: []string{plainCall, plainCall}},
		"another host": {
			link: plain, look: []reply{absent, record("other.example.org", "true")}, post: []reply{lost}, writes: []string{plainCall},
			err: `it is at other.example.org, port 5433`, is: cloud.ErrExists,
		},
		"another kind": {
			link: plain, look: []reply{absent, record("db.example.org", "false")}, post: []reply{lost}, writes: []string{plainCall},
			err: `it is not a linked database`, is: cloud.ErrExists,
		},
		"refused": {
			link: plain, look: []reply{absent}, post: []reply{refusal(400, "cannot log in with zqxj-pass")}, writes: []string{plainCall},
			err: `DBOS Cloud answered "cannot log in with (hidden)" (400 Bad Request to POST /v1alpha1/acme/databases/byod, request ID req-7)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := scripted(t, map[string][]reply{
				"GET /databases/userdb/info/own": test.look,
				"POST /databases/byod":           test.post,
			})
			instance, err := client.CreateLink(limited(t), test.link)
			if (instance != nil) != (test.err == "") || (err == nil) != (test.err == "") || !strings.HasSuffix(message(err), test.err) {
				t.Errorf("%+v, error %v", instance, err)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			s.expect(t, test.writes...)
			if strings.Contains(s.logged()+message(err), "zqxj") {
				t.Errorf("the log or the error holds a secret: %v", err)
			}
		})
	}
}

func TestDeleteLink(t *testing.T) {
	t.Parallel()
	client, s := scripted(t, map[string][]reply{
		"DELETE /databases/byod/own":  {badGateway, ok(``)},
		"DELETE /databases/byod/gone": {refusal(404, "database gone not found")},
		"DELETE /databases/byod/used": {refusal(409, "it has applications")},
	})
	for _, name := range []string{"own", "gone"} {
		if err := client.DeleteLink(limited(t), name); err != nil {
			t.Error(err)
		}
	}
	says(t, client.DeleteLink(limited(t), "used"),
		`DBOS Cloud answered "it has applications" (409 Conflict to DELETE /v1alpha1/acme/databases/byod/used, request ID req-7)`)
	s.expect(t, "DELETE /databases/byod/own ", "DELETE /databases/byod/own ", "DELETE /databases/byod/gone ", "DELETE /databases/byod/used ")
}
