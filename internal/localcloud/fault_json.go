// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// faultJSON is a Fault as it is sent and listed. Durations are texts such as 500ms.
type faultJSON struct {
	Method     string            `json:"method,omitempty"`
	Path       string            `json:"path,omitempty"`
	Skip       int               `json:"skip,omitempty"`
	Times      int               `json:"times,omitempty"`
	For        durationText      `json:"for,omitempty"`
	Chance     float64           `json:"chance,omitempty"`
	Rate       float64           `json:"rate,omitempty"`
	Latency    durationText      `json:"latency,omitempty"`
	Jitter     durationText      `json:"jitter,omitempty"`
	Trickle    durationText      `json:"trickle,omitempty"`
	Drop       bool              `json:"drop,omitempty"`
	Lose       bool              `json:"lose,omitempty"`
	Hang       bool              `json:"hang,omitempty"`
	Status     int               `json:"status,omitempty"`
	Header     map[string]string `json:"header,omitempty"`
	Body       string            `json:"body,omitempty"`
	RetryAfter durationText      `json:"retry_after,omitempty"`
	RetryDate  bool              `json:"retry_date,omitempty"`
	After      bool              `json:"after,omitempty"`
	Alter      Alteration        `json:"alter,omitempty"`
	Unseen     durationText      `json:"unseen,omitempty"`
}

// MarshalJSON writes durations as texts.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{
		Method: f.Method, Path: f.Path, Skip: f.Skip, Times: f.Times, For: durationText(f.For), Chance: f.Chance, Rate: f.Rate,
		Latency: durationText(f.Latency), Jitter: durationText(f.Jitter), Trickle: durationText(f.Trickle),
		Drop: f.Drop, Lose: f.Lose, Hang: f.Hang, Status: f.Status, Header: f.Header, Body: f.Body,
		RetryAfter: durationText(f.RetryAfter), RetryDate: f.RetryDate, After: f.After, Alter: f.Alter, Unseen: durationText(f.Unseen),
	})
}

// UnmarshalJSON refuses unknown fields.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	var sent faultJSON
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return err
	}
	*f = Fault{
		Method: sent.Method, Path: sent.Path, Skip: sent.Skip, Times: sent.Times, For: time.Duration(sent.For), Chance: sent.Chance, Rate: sent.Rate,
		Latency: time.Duration(sent.Latency), Jitter: time.Duration(sent.Jitter), Trickle: time.Duration(sent.Trickle),
		Drop: sent.Drop, Lose: sent.Lose, Hang: sent.Hang, Status: sent.Status, Header: sent.Header, Body: sent.Body,
		RetryAfter: time.Duration(sent.RetryAfter), RetryDate: sent.RetryDate, After: sent.After, Alter: sent.Alter, Unseen: time.Duration(sent.Unseen),
	}
	return nil
}

type durationText time.Duration

func (d durationText) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *durationText) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms", text)
	}
	*d = durationText(parsed)
	return nil
}
