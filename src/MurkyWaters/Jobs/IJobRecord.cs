namespace MurkyWaters.Jobs;

/// <summary>What outlives the process that runs a job.</summary>
/// <typeparam name="T">The record itself.</typeparam>
internal interface IJobRecord<T>
    where T : class, IJobRecord<T>
{
    /// <summary>Its name in the registry, and as a file.</summary>
    string JobId { get; }

    /// <summary>Whether nobody has to run it any more.</summary>
    bool IsOver { get; }

    /// <summary>As it is kept.</summary>
    byte[] Write();

    /// <summary>Reads it; null for anything else.</summary>
    static abstract T? TryRead(ReadOnlyMemory<byte> bytes);
}
