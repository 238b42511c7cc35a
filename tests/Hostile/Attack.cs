namespace Hostile;

/// <summary>One command of the program.</summary>
/// <param name="Name">Its first argument.</param>
/// <param name="Description">What is done to the victim, in a line.</param>
/// <param name="IsQuick">Whether it takes a few seconds and is harmless enough to run with the tests.</param>
/// <param name="RunAsync">Sets the victim up, attacks it, and adds a row for each thing that has to hold.</param>
internal sealed record Attack(string Name, string Description, bool IsQuick, Func<Stage, Task> RunAsync)
{
    /// <summary>When it is given up.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(3);
}

/// <summary>This machine cannot do what an attack needs, which is no fault of the victim.</summary>
internal sealed class CannotAttackException(string message) : Exception(message);
