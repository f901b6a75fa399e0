package phone

import (
	"context"
	"errors"
	"time"

	"backupwatchdog/daemon/backup"
)

// Domains of lockdownd's values (libimobiledevice tools/ideviceinfo.c).
const (
	domainBackup  = "com.apple.mobile.backup"
	domainBattery = "com.apple.mobile.battery"
	domainDisk    = "com.apple.disk_usage"
)

// maxDisk is more than any phone stores, bytes; more is nonsense.
const maxDisk = 1 << 50

// Unheard is a phone of which nothing is known.
func Unheard() backup.Phone { return backup.Phone{Battery: -1, DiskFree: -1, DiskUsed: -1} }

// Ask puts a few questions to a phone and hangs up, within ten seconds. What
// the phone does not say stays unknown: it may be locked, or never paired with
// this computer. An error says that it was not reached at all (ErrAbsent,
// ErrNotAttached …); like everything here it is for a log, not for a person.
//
// Asked is set when a session came about, or when the phone refused one in a way
// that means the trust is gone, which sets Refused.
func (c *Client) Ask(ctx context.Context, udid string) (backup.Phone, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	p := Unheard()
	device, err := c.find(ctx, udid)
	if err != nil {
		return p, err
	}
	p.Link = device.Link
	l, err := c.openLockdown(ctx, device.DeviceID)
	if err != nil {
		return p, err
	}
	defer l.close()
	defer closeWith(ctx, l.conn)()
	if err := l.askPublic(&p); err != nil {
		return p, nil
	}
	c.askPrivate(ctx, l, device.UDID, &p)
	return p, nil
}

// askPublic asks what every stranger may know. An error means that the
// connection is of no more use.
func (l *lockdown) askPublic(p *backup.Phone) error {
	for key, to := range map[string]*string{
		"DeviceName": &p.Name, "ProductType": &p.ProductType, "ProductVersion": &p.OSVersion,
	} {
		body, err := l.ask("GetValue", map[string]any{"Key": key})
		var no refusedError
		if err != nil && !errors.As(err, &no) {
			return err
		}
		if err == nil {
			*to = text(body, "Value")
		}
	}
	return nil
}

// askPrivate opens a session and asks what only a trusted computer may know.
// It stops at the first question that is not answered in time.
func (c *Client) askPrivate(ctx context.Context, l *lockdown, udid string, p *backup.Phone) {
	record, err := c.readPairRecord(ctx, udid)
	if err != nil {
		return
	}
	if err := l.start(ctx, record); err != nil {
		if revoked(err) {
			p.Refused, p.Asked = backup.Yes, c.now()
		}
		return
	}
	p.Refused, p.Asked = backup.No, c.now()
	for _, q := range []struct {
		domain string
		take   func([]byte)
	}{
		{domainBackup, func(b []byte) { takeBackup(p, b, c.now()) }},
		{domainBattery, func(b []byte) { takeBattery(p, b) }},
		{domainDisk, func(b []byte) { takeDisk(p, b) }},
	} {
		body, err := l.values(q.domain)
		var no refusedError
		switch {
		case err == nil:
			q.take(body)
		case !errors.As(err, &no):
			return
		}
	}
}

// takeBackup reads what the phone remembers of its backups. LastiTunesBackupDate
// is set only when a local backup ended well, whichever computer made it.
func takeBackup(p *backup.Phone, body []byte, now time.Time) {
	p.LastLocalBackup = date(body, now, "Value", "LastiTunesBackupDate")
	p.LastCloudBackup = date(body, now, "Value", "LastCloudBackupDate")
	p.CloudEnabled = tri(body, "Value", "CloudBackupEnabled")
	p.WillEncrypt = tri(body, "Value", "WillEncrypt")
	if p.WillEncrypt != backup.Yes && tri(body, "Value", "RequiresEncryption") == backup.Yes {
		p.WillEncrypt = backup.Yes // an administrator has demanded it
	}
}

func takeBattery(p *backup.Phone, body []byte) {
	p.Battery = int(within(body, 0, 100, -1, "Value", "BatteryCurrentCapacity"))
	p.Charging = tri(body, "Value", "BatteryIsCharging")
}

// takeDisk reads the phone's storage. AmountDataAvailable is nearest to what
// its owner is shown; what is used is what a full backup can have at most.
func takeDisk(p *backup.Phone, body []byte) {
	total := within(body, 1, maxDisk, -1, "Value", "TotalDataCapacity")
	p.DiskFree = within(body, 0, maxDisk, -1, "Value", "AmountDataAvailable")
	if p.DiskFree < 0 {
		p.DiskFree = within(body, 0, maxDisk, -1, "Value", "TotalDataAvailable")
	}
	if total > 0 && p.DiskFree >= 0 && p.DiskFree <= total {
		p.DiskUsed = total - p.DiskFree
	}
}
