namespace Benchmarks;

/// <summary>One command of the program.</summary>
/// <param name="Name">Its first argument.</param>
/// <param name="Usage">The arguments after it, and what it does.</param>
/// <param name="Run">Takes the arguments after the name and returns the exit code.</param>
internal sealed record Command(string Name, string Usage, Func<string[], int> Run);
