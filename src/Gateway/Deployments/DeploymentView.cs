using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace Gateway.Deployments;

/// <summary>A deployment, as the node that answers knows it.</summary>
/// <param name="Id">By which it is found: 16 hexadecimal digits.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="Version">The version that is deployed, and no other.</param>
/// <param name="Sha256">SHA-256 of its bytes, which every receipt is.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Blocks">Its source blocks.</param>
/// <param name="Mode">swarm: each receiver fetches it, in company with all the others; or group: it rains on a group.</param>
/// <param name="Group">The group; null for none.</param>
/// <param name="RateBytesPerSecond">What each receiver orders a second at most; 0 for no limit.</param>
/// <param name="State">waiting (for startAt), running, stopping, completed, failed or stopped.</param>
/// <param name="Created">When it was asked for.</param>
/// <param name="StartAt">When it begins, or began.</param>
/// <param name="Ended">When it ended; null until then.</param>
/// <param name="Waves">How many receivers get it in each wave, the last number again and again; empty for all at once.</param>
/// <param name="Wave">The wave that is under way, from 1; 0 before the first.</param>
/// <param name="WaveCount">How many waves there are.</param>
/// <param name="Quorum">How many receivers have to have it in the end.</param>
/// <param name="Targets">How many receivers there are.</param>
/// <param name="Counts">How many receivers stand how.</param>
/// <param name="Runner">The node that runs it; null when it has ended, or nobody does just now.</param>
/// <param name="Receivers">A row a receiver, in the order in which they get it; null in lists and events.</param>
/// <example>
/// {
/// "id": "9f86d081884c7d65", "resource": "42", "version": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "length": 50000000, "blocks": 48, "mode": "swarm",
/// "group": null, "rateBytesPerSecond": 12500000, "state": "running", "created": "2026-01-02T03:04:05.678Z",
/// "startAt": "2026-01-02T03:04:05.678Z", "ended": null, "waves": [1, 10], "wave": 2, "waveCount": 2, "quorum": 2, "targets": 2,
/// "counts": { "waiting": 0, "receiving": 1, "verifying": 0, "done": 1, "failed": 0, "late": 0 },
/// "runner": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "receivers": [
/// {
/// "node": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "state": "done", "blocks": 48, "rateBytesPerSecond": 0, "loss": 0.0012, "reason": null,
/// "receipt": {
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "at": "2026-01-02T03:04:12.001Z"
/// }
/// },
/// {
/// "node": "2f1e0d9c8b7a69584736251403f2e1d0", "state": "receiving", "blocks": 17, "rateBytesPerSecond": 11900000, "loss": 0.01,
/// "reason": null, "receipt": null
/// }
/// ]
/// }
/// </example>
internal sealed record DeploymentView(
    string Id,
    string Resource,
    string Version,
    string Sha256,
    long Length,
    int Blocks,
    string Mode,
    string? Group,
    long RateBytesPerSecond,
    string State,
    DateTimeOffset Created,
    DateTimeOffset StartAt,
    DateTimeOffset? Ended,
    IReadOnlyList<int> Waves,
    int Wave,
    int WaveCount,
    int Quorum,
    int Targets,
    ReceiverCounts Counts,
    string? Runner,
    IReadOnlyList<ReceiverView>? Receivers)
{
    public static DeploymentView Of(DeploymentSnapshot deployment, bool hasReceivers) => new(
        deployment.Id,
        deployment.Plan.Order.Resource.ToString(),
        deployment.Plan.Order.Version.ToString(),
        deployment.Plan.Sha256.ToString(),
        deployment.Plan.Order.Length,
        deployment.Plan.BlockCount,
        JsonText.Word(deployment.Plan.Order.Mode),
        deployment.Plan.Order.Group is { Length: > 0 } group ? group : null,
        deployment.Plan.Order.RateBytesPerSecond,
        JsonText.Word(deployment.Phase),
        deployment.Created,
        deployment.StartAt,
        deployment.Ended,
        deployment.Plan.Waves,
        deployment.Wave,
        deployment.Plan.WaveEnds().Length,
        deployment.Plan.Quorum,
        deployment.Plan.Targets.Length,
        ReceiverCounts.Of(deployment.Receivers),
        deployment.Runner?.ToString(),
        hasReceivers ? [.. deployment.Receivers.Select(row => ReceiverView.Of(row, deployment.Plan.Sha256))] : null);
}

/// <summary>How many receivers of a deployment stand how.</summary>
/// <param name="Waiting">Their wave has not begun, or they have not.</param>
/// <param name="Receiving">They fetch.</param>
/// <param name="Verifying">They read back what they have.</param>
/// <param name="Done">They have sent their receipt.</param>
/// <param name="Failed">They cannot have it.</param>
/// <param name="Late">They do not answer.</param>
/// <example>{ "waiting": 0, "receiving": 1, "verifying": 0, "done": 1, "failed": 0, "late": 0 }</example>
internal sealed record ReceiverCounts(int Waiting, int Receiving, int Verifying, int Done, int Failed, int Late)
{
    public static ReceiverCounts Of(IEnumerable<DeploymentReceiver> rows)
    {
        var counts = rows.CountBy(row => row.State).ToDictionary();
        return new ReceiverCounts(
            counts.GetValueOrDefault(ReceiverState.Waiting), counts.GetValueOrDefault(ReceiverState.Receiving),
            counts.GetValueOrDefault(ReceiverState.Verifying), counts.GetValueOrDefault(ReceiverState.Done),
            counts.GetValueOrDefault(ReceiverState.Failed), counts.GetValueOrDefault(ReceiverState.Late));
    }
}

/// <summary>A receiver of a deployment.</summary>
/// <param name="Node">The node's id: 32 hexadecimal digits.</param>
/// <param name="State">waiting: its wave has not begun, or it tries again soon; receiving; verifying: it reads back what it has; done: it
/// has sent its receipt; failed; or late: it does not answer, and is taken in when it does.</param>
/// <param name="Blocks">Source blocks that are there; of one that is verifying, those that were read back.</param>
/// <param name="RateBytesPerSecond">Bytes a second that come, or are read back.</param>
/// <param name="Loss">The part of the datagrams that was lost on the way to it, so far; known while the deployment's runner runs.</param>
/// <param name="Reason">Why it failed, waits or is late, in a sentence; null when there is nothing to say.</param>
/// <param name="Receipt">What it has read back; null until it is done.</param>
/// <example>
/// {
/// "node": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "state": "done", "blocks": 48, "rateBytesPerSecond": 0, "loss": 0.0012, "reason": null,
/// "receipt": {
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "at": "2026-01-02T03:04:12.001Z"
/// }
/// }
/// </example>
internal sealed record ReceiverView(
    string Node, string State, int Blocks, long RateBytesPerSecond, double Loss, string? Reason, ReceiptView? Receipt)
{
    public static ReceiverView Of(DeploymentReceiver row, Sha256Digest sha256) => new(
        row.Node.ToString(), JsonText.Word(row.State), row.Blocks, row.RateBytesPerSecond,
        row.LossPerMillion / 1e6, row.Reason.Length == 0 ? null : row.Reason,
        row.ReceiptMs is { } at ? new ReceiptView(sha256.ToString(), DateTimeOffset.FromUnixTimeMilliseconds(at)) : null);
}

/// <summary>What a receiver has read back from its disk.</summary>
/// <param name="Sha256">SHA-256 of all its bytes.</param>
/// <param name="At">When that was, by the receiver's clock.</param>
/// <example>
/// {
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "at": "2026-01-02T03:04:12.001Z"
/// }
/// </example>
internal sealed record ReceiptView(string Sha256, DateTimeOffset At);

/// <summary>A receiver as an event tells of it.</summary>
/// <param name="Deployment">The deployment's id.</param>
/// <param name="Receiver">How the receiver stands.</param>
internal sealed record ReceiverEvent(string Deployment, ReceiverView Receiver);
