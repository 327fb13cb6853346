// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// state is all that outlives the process.
type state struct {
	account      account
	instances    table[instance]
	applications table[application]
}

// account holds what the local cloud has only one of.
type account struct {
	Organization string `json:"organization"`
	Backend      string `json:"backend"`
	Listen       string `json:"listen"`
	SigningKey   []byte `json:"signing_key"`
	RefreshToken string `json:"refresh_token"`

	Created time.Time `json:"created,omitzero"` // zero in a state file of an older version
}

// stateFile is the state file as it is read. encode writes the same form without encoding unchanged rows again.
type stateFile struct {
	Format       int                    `json:"format"`
	Account      account                `json:"account"`
	Instances    map[string]instance    `json:"instances"`
	Applications map[string]application `json:"applications"`
}

const stateFormat = 1

// store keeps the state in memory and in one file. A change goes to memory at once. Call sync before anybody is told of
// it.
type store struct {
	path     string
	volatile bool // nothing is in the file

	mu      sync.RWMutex
	state   state
	changes uint64 // made in memory

	writing sync.Mutex
	written uint64 // of them, in the file
}

func openStore(path string) (*store, error) {
	s := &store{path: path}
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	file := stateFile{Format: stateFormat}
	if raw != nil {
		if err := json.Unmarshal(raw, &file); err != nil {
			return nil, fmt.Errorf("state file %s: %w", path, err)
		}
	}
	if file.Format != stateFormat {
		return nil, fmt.Errorf("state file %s has format %d, this program reads format %d", path, file.Format, stateFormat)
	}
	s.state = state{
		account:      file.Account,
		instances:    newTable(file.Instances),
		applications: newTable(file.Applications),
	}
	return s, nil
}

// view reads the state.
func (s *store) view(look func(*state)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	look(&s.state)
}

// change changes the state. A function that returns an error must not have changed anything.
func (s *store) change(do func(*state) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := do(&s.state); err != nil {
		return err
	}
	s.changes++
	return nil
}

// sync returns when every change made so far is in the file. A call that waits for another's write usually finds its
// own change written too, so that a thousand changes at once cost few writes.
func (s *store) sync() error {
	if s.volatile {
		return nil
	}
	s.mu.RLock()
	made := s.changes
	s.mu.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.written >= made {
		return nil
	}
	image, made, err := s.encode()
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	if err := writeFile(s.path, image); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	s.written = made
	return nil
}

func (s *store) encode() ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var image bytes.Buffer
	head, err := json.Marshal(s.state.account)
	if err != nil {
		return nil, 0, err
	}
	fmt.Fprintf(&image, "{\"format\":%d,\n\"account\":%s,\n\"instances\":", stateFormat, head)
	if err := s.state.instances.encode(&image); err != nil {
		return nil, 0, err
	}
	image.WriteString(",\n\"applications\":")
	if err := s.state.applications.encode(&image); err != nil {
		return nil, 0, err
	}
	image.WriteString("}\n")
	return image.Bytes(), s.changes, nil
}
