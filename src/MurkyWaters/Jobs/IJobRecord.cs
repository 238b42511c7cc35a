using MurkyWaters.Store;

namespace MurkyWaters.Jobs;

/// <summary>What outlives the process that runs a job.</summary>
/// <typeparam name="T">The record itself.</typeparam>
internal interface IJobRecord<T> : IStoredRecord<T>
    where T : class, IJobRecord<T>
{
    /// <summary>Its name in the registry, and as a file.</summary>
    string JobId { get; }

    /// <summary>Whether nobody has to run it any more.</summary>
    bool IsOver { get; }

    string IStoredRecord<T>.Name => JobId;
}
