using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Jobs;

/// <summary>The jobs of one kind in the registry, as far as their documents can be read; each document is read once. Thread-safe.</summary>
/// <param name="registry">The registry; null for none, which has no jobs.</param>
/// <param name="kind">The kind.</param>
internal sealed class RegistryJobs<T>(IClusterRegistry? registry, string kind)
    where T : class, IJobRecord<T>
{
    private readonly Dictionary<string, (long Revision, T? Record)> _read = [];

    /// <summary>All of them, and who runs each.</summary>
    public List<(T Record, NodeId? Runner, long Revision)> Read()
    {
        var found = new List<(T, NodeId?, long)>();
        lock (_read)
        {
            var jobs = (registry?.View.Jobs ?? []).Where(job => job.Kind == kind).ToList();
            foreach (var gone in _read.Keys.Except(jobs.Select(job => job.Id)).ToArray())
            {
                _read.Remove(gone);
            }

            foreach (var job in jobs)
            {
                if (!_read.TryGetValue(job.Id, out var read) || read.Revision != job.Revision)
                {
                    _read[job.Id] = read = (job.Revision, T.TryRead(job.Document));
                }

                if (read.Record is { } record && record.JobId == job.Id)
                {
                    found.Add((record, record.IsOver ? null : job.Runner, job.Revision));
                }
            }
        }

        return found;
    }
}
