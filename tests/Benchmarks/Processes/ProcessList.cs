namespace Benchmarks.Processes;

/// <summary>Processes that end together, the last started first.</summary>
internal sealed class ProcessList : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _processes = [];

    public T Add<T>(T process)
        where T : IAsyncDisposable
    {
        _processes.Push(process);
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        while (_processes.TryPop(out var process))
        {
            await process.DisposeAsync();
        }
    }
}
