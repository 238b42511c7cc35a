namespace Simulation;

/// <summary>A world that a seed draws, and what is promised in it.</summary>
public interface ITrial : IDisposable
{
    /// <summary>What was drawn.</summary>
    string Description { get; }

    /// <summary>Promises that were broken.</summary>
    IList<string> Broken { get; }

    /// <summary>Lets it happen, and looks at every promise.</summary>
    void Run();
}
