using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>A program for a node, and the name under which it is to run there.</summary>
internal sealed record CodingCall(NodeId Node, string Work, CodingProgram Program)
{
    /// <summary>Where its stream is.</summary>
    public CodingPlace Place => new(Node.ToString(), Work);
}

/// <summary>Has nodes, this one among them, run programs that draw on each other. Thread-safe.</summary>
internal sealed class CodingCalls(
    NodeId self, CodingDesk desk, ICodingNetwork? network, Func<NodeId, CodingPeer?> findPeer, TimeProvider time)
{
    /// <summary>A node that says nothing for so long has gone without a word.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Whether nodes can give each other programs at all.</summary>
    public bool IsPossible => network is not null;

    /// <summary>Begins all of them, at once: who draws a stream waits for the program that gives it.</summary>
    /// <exception cref="IOException">One of them does not run; then none goes on.</exception>
    /// <exception cref="OperationCanceledException">It was ended; then none goes on, either.</exception>
    public async Task BeginAllAsync(IReadOnlyList<CodingCall> calls, CancellationToken cancellation)
    {
        Task[] beginning = [.. calls.Select(call => BeginAsync(call, cancellation))];
        try
        {
            await Task.WhenAll(beginning);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // A node that does not answer is not waited for a second time.
            await StopAllAsync([.. calls.Where((_, i) => beginning[i].IsCompletedSuccessfully)]);
            throw;
        }
    }

    /// <summary>Ends those that still run. They would end by themselves when nobody draws them; told, they do so at once.</summary>
    public Task StopAllAsync(IReadOnlyList<CodingCall> calls) => Task.WhenAll(calls.Select(StopAsync));

    /// <summary>Draws the stream of a program.</summary>
    /// <exception cref="IOException">There is none, or its node does not answer.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<ICodingSource> OpenAsync(CodingCall call, CancellationToken cancellation) => call.Node == self
        ? desk.TryDraw(call.Work, call.Program.Length) ?? throw new IOException("The last stream is not here.")
        : await WithinPatienceAsync(
            token => network!.OpenAsync(PeerOf(call.Node), call.Work, call.Program.Length, token), call.Node, cancellation);

    /// <summary>Takes a step of which another node may keep it waiting.</summary>
    /// <exception cref="IOException">It took too long.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<T> WithinPatienceAsync<T>(Func<CancellationToken, Task<T>> step, NodeId node, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await step(ending.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"Node {node} does not answer.");
        }
    }

    private async Task BeginAsync(CodingCall call, CancellationToken cancellation)
    {
        if (call.Node != self)
        {
            await WithinPatienceAsync(
                async token =>
                {
                    await network!.BeginAsync(PeerOf(call.Node), call.Work, call.Program, token);
                    return true;
                },
                call.Node, cancellation);
        }
        else if (desk.TryBegin(call.Program, call.Work) != CodingBegun.Begun)
        {
            throw new IOException("This node runs as many programs as it may.");
        }
    }

    private async Task StopAsync(CodingCall call)
    {
        try
        {
            if (!desk.TryStop(call.Work) && findPeer(call.Node) is { } peer)
            {
                using var limit = new CancellationTokenSource(Patience, time);
                await network!.StopAsync(peer, call.Work, limit.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // By itself, then.
        }
    }

    private CodingPeer PeerOf(NodeId node) => findPeer(node) ?? throw new IOException($"Node {node} has gone.");
}
