package backup

// Code names a condition. Codes are public and stable.
type Code string

const (
	WaitingForPasscode Code = "waiting-for-passcode"
	Stalled            Code = "stalled"
	Slow               Code = "slow"
	MacDiskFull        Code = "mac-disk-full"
	MacDiskLow         Code = "mac-disk-low"
	PhoneDiskFull      Code = "phone-disk-full"
	PhoneDisconnected  Code = "phone-disconnected"
	PhoneBatteryLow    Code = "phone-battery-low"
	MacSlept           Code = "mac-slept"
	Interrupted        Code = "interrupted"
	InterruptedMixed   Code = "interrupted-mixed"
	FailingRepeatedly  Code = "failing-repeatedly"
	NetworkUnreliable  Code = "network-unreliable"
	SoftwareMismatch   Code = "software-mismatch"
	RunTooLong         Code = "run-too-long"
	ChainBroken        Code = "chain-broken"
	ChainUnproven      Code = "chain-unproven"
	NeverCompleted     Code = "never-completed"
	LeftoverSnapshot   Code = "leftover-snapshot"
	IndexTooLarge      Code = "index-too-large"
	Shrunk             Code = "shrunk"
	EncryptionLost     Code = "encryption-lost"
	NotEncrypted       Code = "not-encrypted"
	Overdue            Code = "overdue"
	FalseFinished      Code = "false-finished"
	PhoneDisagrees     Code = "phone-disagrees"
	ICloudOverdue      Code = "icloud-overdue"
	AppleOutage        Code = "apple-outage"
	NoAccess           Code = "no-access"
	FolderMissing      Code = "folder-missing"
	CodeVolumeMissing  Code = "volume-missing"
	VolumeReadOnly     Code = "volume-read-only"
	WatchDegraded      Code = "watch-degraded"
	NoticesUndelivered Code = "notices-undelivered"
	HistoryUnavailable Code = "history-unavailable"
)

// FixID names a fix. Ids are public and stable.
type FixID string

const (
	CheckStorage         FixID = "check-storage"
	StablePowerAndWiFi   FixID = "stable-power-and-wifi"
	RestartPhoneAndRetry FixID = "restart-phone-and-retry"
	UpdateSoftware       FixID = "update-software"
	FreshBackup          FixID = "fresh-backup"
	ResetNetworkSettings FixID = "reset-network-settings"
	EncryptedLocalBackup FixID = "encrypted-local-backup"
	CheckAppleStatus     FixID = "check-apple-status"
	EnterPasscode        FixID = "enter-passcode"
	GrantFullDiskAccess  FixID = "grant-full-disk-access"
	ReconnectDrive       FixID = "reconnect-drive"
	KeepMacAwake         FixID = "keep-mac-awake"
	FreePhoneStorage     FixID = "free-phone-storage"
	UseCable             FixID = "use-cable"
	BackUpNow            FixID = "back-up-now"
	RecordBackupPassword FixID = "record-backup-password"
	AllowNotifications   FixID = "allow-notifications"
	StopOtherTool        FixID = "stop-other-tool"
	Wait                 FixID = "wait"
)
