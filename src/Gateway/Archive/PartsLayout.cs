using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Archive;

/// <summary>What is put with <c>?layout=parts</c>: a job cuts it, and the answer waits for that as it waits for replicas.</summary>
internal static class PartsLayout
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Begins the job, and waits for it. With few nodes several parts go to each: <c>survives</c> says what that means.</summary>
    /// <param name="http">The request; its answer gets a Link to the job.</param>
    /// <param name="node">The node.</param>
    /// <param name="id">What was put.</param>
    /// <param name="patience">How long the answer may wait.</param>
    /// <returns>Whether it is in parts now.</returns>
    public static async Task<bool> CutAsync(HttpContext http, MurkyNode node, ResourceId id, TimeSpan patience)
    {
        // What was put is put: the job goes on whatever the client does now.
        var result = await node.StartArchiveAsync(id, "parts", isForced: true, CancellationToken.None);
        if (result.Job is not { } job)
        {
            return node.FindArchived(id) is { Coding: "parts" };
        }

        http.Response.Headers.Append("Link", $"</archive/{job.Id}>; rel=\"monitor\"");
        var began = TimeProvider.System.GetTimestamp();
        while (node.FindArchiveJob(job.Id) is { Ended: null } && TimeProvider.System.GetElapsedTime(began) < patience)
        {
            await Task.Delay(Poll, http.RequestAborted);
        }

        return node.FindArchiveJob(job.Id) is { Phase: ArchivePhase.Completed };
    }
}
