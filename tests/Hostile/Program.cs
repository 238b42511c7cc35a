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
];

return await Runner.RunAsync(attacks, args);
