using Hostile;
using Hostile.Attacks;

// Each attack is a class of its own; a new one is a line here.
Attack[] attacks =
[
    SettingsAttack.Attack,
    WeakAttack.Attack,
    KeylessAttack.Attack,
    GuessesAttack.Attack,
    MuteAttack.Attack,
    OffersAttack.Attack,
    BoundsAttack.Attack,
    PropagateAttack.Attack,
    FsyncAttack.Attack,
    FullDiskAttack.Attack,
    ConnectionsAttack.Attack,
    SocketsAttack.Attack,
    SharesAttack.Attack,
    MemoryAttack.Attack,
    ClassicAttack.Attack,
    StreamsAttack.Attack,
    UploadsAttack.Attack,
    RecordsAttack.Attack,
    AbsentAttack.Attack,
    DoorsAttack.Attack,
    SealedAttack.Attack,
    KillsAttack.Attack,
    ProgramsAttack.Attack,
];

return await Runner.RunAsync(attacks, args);
