namespace Gateway.Hosting;

/// <summary>
/// The end of the gateway, when it was asked to end:
/// 1. it says at <c>/health/ready</c> that it drains, and new requests get 503 and the end of their connection, while running ones go
/// on, for <c>Gateway:ShutdownSeconds</c> at most: this is here;
/// 2. the server closes its ports and connections;
/// 3. the node tells its subscribers to go elsewhere, ends its fetches, and closes the store (<see cref="NodeHost"/>).
/// </summary>
internal sealed partial class Drain : IHostedLifecycleService
{
    private readonly RunningRequests _requests;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger _logger;

    public Drain(RunningRequests requests, IHostApplicationLifetime lifetime, ILogger<Drain> logger)
    {
        _requests = requests;
        _lifetime = lifetime;
        _logger = logger;
    }

    /// <summary>Runs before anything is stopped; the token ends with the time there is for all.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // By a signal this has come already; otherwise streams that never end of themselves, and readiness, learn of it here.
        _lifetime.StopApplication();
        var count = _requests.Count;
        if (count > 0)
        {
            Began(_logger, count);
            await _requests.WaitForNoneAsync(cancellationToken);
        }

        Ended(_logger, _requests.Count);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(10, LogLevel.Information, "Asked to end: {Count} running requests are finished, new ones refused")]
    private static partial void Began(ILogger logger, int count);

    [LoggerMessage(11, LogLevel.Information, "Drained; {Count} requests were still running and are broken off")]
    private static partial void Ended(ILogger logger, int count);
}
