package phonetest

import (
	"maps"
	"time"
)

// Domains of lockdownd that a watchdog asks for (tools/ideviceinfo.c of
// libimobiledevice lists them all).
const (
	domainBackup  = "com.apple.mobile.backup"
	domainBattery = "com.apple.mobile.battery"
	domainDisk    = "com.apple.disk_usage"
)

// appleEpoch is where the phone's integer dates begin, 2001-01-01 UTC.
const appleEpoch = 978307200

// appleSeconds converts a time to the integer lockdownd uses.
func appleSeconds(t time.Time) int64 { return t.Unix() - appleEpoch }

// domain is everything lockdownd says under a domain: the defaults, then the
// configuration, then what was set at run time.
func (p *Phone) domain(name string) dict {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.cfg.defaults(name)
	maps.Copy(all, p.cfg.Values[name])
	maps.Copy(all, p.values[name])
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// defaults are the values of a phone nobody has touched.
func (c Config) defaults(domain string) dict {
	switch domain {
	case "":
		return c.identity()
	case domainBackup:
		return dict{"Version": "2.0", "WillEncrypt": c.Encrypted, "RequiresEncryption": 0, "CloudBackupEnabled": false}
	case domainBattery:
		return dict{
			"BatteryCurrentCapacity": c.Battery, "BatteryIsCharging": c.Charging, "ExternalChargeCapable": true,
			"ExternalConnected": c.Charging, "FullyCharged": c.Battery >= 100, "GasGaugeCapability": true, "HasBattery": true,
		}
	case domainDisk, domainDisk + ".factory":
		return c.disk()
	case "com.apple.mobile.iTunes":
		return dict{"MinITunesVersion": "12.8.0"}
	}
	return dict{}
}

// identity is the domain without a name.
func (c Config) identity() dict {
	return dict{
		"ActivationState": "Activated", "BasebandStatus": "BBInfoAvailable", "BuildVersion": c.Build,
		"DeviceClass": "iPhone", "DeviceColor": "1", "DeviceName": c.Name, "HardwareModel": "D17AP",
		"HostAttached": true, "PasswordProtected": false, "ProductName": "iPhone OS", "ProductType": c.ProductType,
		"ProductVersion": c.OSVersion, "ProtocolVersion": "2", "SerialNumber": c.Serial, "TimeZone": "UTC",
		"TrustedHostAttached": true, "UniqueChipID": uint64(0x1A2B3C4D5E801E), "UniqueDeviceID": c.UDID,
		"WiFiAddress": "a4:83:e7:00:00:01", "CPUArchitecture": "arm64e",
	}
}

// disk is the phone's own account of its storage, in bytes.
func (c Config) disk() dict {
	system := c.DiskTotal / 8
	return dict{
		"TotalDiskCapacity": c.DiskTotal, "TotalSystemCapacity": system, "TotalSystemAvailable": 0,
		"TotalDataCapacity": c.DiskTotal - system, "TotalDataAvailable": c.DiskAvailable,
		"AmountDataAvailable": max(c.DiskAvailable-200_000_000, 0), "AmountDataReserved": 200_000_000,
		"AmountRestoreAvailable": c.DiskAvailable, "PhotoUsage": c.DiskTotal / 10, "MobileApplicationUsage": c.DiskTotal / 10,
	}
}

// backedUp notes on the phone that a backup to a computer has ended well, as
// the phone does at the very end.
func (p *Phone) backedUp() {
	p.SetValue(domainBackup, "LastiTunesBackupDate", appleSeconds(p.now()))
	p.SetValue(domainBackup, "LastiTunesBackupTZ", "GMT")
}
