using System.Buffers;
using PouringRain.Coding.Kernels;

namespace MurkyWaters.Archive;

/// <summary>
/// One run of a program: opens its streams, then step after step reads, multiplies and writes, in buffers that are rented once. Whatever
/// it is to wait for, it waits for without a thread.
/// </summary>
public sealed class CodingRun
{
    private readonly CodingProgram _program;
    private readonly ICodingHost _host;
    private readonly ICodingSink? _own;
    private readonly ICodingSource[] _sources;
    private readonly ICodingSink[] _sinks;
    private readonly Task<bool>[] _reading;
    private long _done;
    private CodingResult? _end;

    private CodingRun(CodingProgram program, ICodingHost host, ICodingSink? own)
    {
        _program = program;
        _host = host;
        _own = own;
        _sources = new ICodingSource[program.Plan.Inputs.Length];
        _sinks = new ICodingSink[program.Plan.Outputs.Length];
        _reading = new Task<bool>[_sources.Length];
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="host">Where its names lead.</param>
    /// <param name="own">Where its own stream goes; null when it has none. It is completed at the end, and not disposed.</param>
    /// <param name="cancellation">Ends it; sinks are disposed uncompleted then.</param>
    /// <exception cref="ArgumentException">A program with a stream of its own has nowhere to send it, or the other way round.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<CodingResult> RunAsync(
        CodingProgram program, ICodingHost host, ICodingSink? own, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(host);
        if (own is null != program.Output is null)
        {
            throw new ArgumentException("A program's own stream has to go somewhere, and only that.", nameof(own));
        }

        var run = new CodingRun(program, host, own);
        try
        {
            return await run.OpenAsync(cancellation) && await run.StepAllAsync(cancellation) && await run.CompleteAsync(cancellation)
                ? new CodingResult(CodingOutcome.Completed, null, run._done)
                : run._end!;
        }
        finally
        {
            await run.CloseAsync();
        }
    }

    private async ValueTask<bool> OpenAsync(CancellationToken cancellation)
    {
        var plan = _program.Plan;
        for (var i = 0; i < _sources.Length; i++)
        {
            var stream = plan.Inputs[i];
            try
            {
                if (await _host.OpenAsync(stream, _program.Length, cancellation) is not { } source)
                {
                    return End(CodingOutcome.Missing, stream);
                }

                _sources[i] = source;
                if (source.Length is { } length && length != _program.Length)
                {
                    return End(CodingOutcome.WrongLength, stream);
                }
            }
            catch (IOException exception)
            {
                return End(CodingOutcome.Failed, stream, exception);
            }
        }

        for (var i = 0; i < _sinks.Length; i++)
        {
            var stream = plan.Outputs[i];
            try
            {
                if ((stream is null ? _own : await _host.CreateAsync(stream, _program.Length, cancellation)) is not { } sink)
                {
                    return End(CodingOutcome.Missing, stream);
                }

                _sinks[i] = sink;
            }
            catch (IOException exception)
            {
                return End(CodingOutcome.Failed, stream, exception);
            }
        }

        return true;
    }

    private async ValueTask<bool> StepAllAsync(CancellationToken cancellation)
    {
        // A short program takes no more than it needs.
        var width = (int)Math.Min(_program.BufferBytes, Math.Max(1, _program.Length));
        var buffers = ArrayPool<byte>.Shared.Rent((_sources.Length + _sinks.Length) * width);
        try
        {
            while (_done < _program.Length)
            {
                var count = (int)Math.Min(width, _program.Length - _done);
                foreach (var stage in _program.Plan.Stages)
                {
                    if (!await ReadAsync(stage, buffers, width, count, cancellation))
                    {
                        return false;
                    }

                    Multiply(stage, buffers, width, count);
                    if (!await WriteAsync(stage, buffers, width, count, cancellation))
                    {
                        return false;
                    }
                }

                _done += count;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffers);
        }
    }

    // All inputs of a stage at once: none has to wait for another. All are waited for, whatever one says, for they have the buffers.
    private async ValueTask<bool> ReadAsync(CodingStage stage, byte[] buffers, int width, int count, CancellationToken cancellation)
    {
        for (var i = stage.InputStart; i < stage.InputEnd; i++)
        {
            _reading[i] = ReadAsync(i, buffers.AsMemory(i * width, count), cancellation);
        }

        for (var i = stage.InputStart; i < stage.InputEnd; i++)
        {
            await ((Task)_reading[i]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var isRead = true;
        for (var i = stage.InputStart; i < stage.InputEnd; i++)
        {
            isRead &= await _reading[i];
        }

        return isRead;
    }

    private async Task<bool> ReadAsync(int input, Memory<byte> buffer, CancellationToken cancellation)
    {
        var stream = _program.Plan.Inputs[input];
        try
        {
            return await _sources[input].TryReadAsync(buffer, cancellation) || End(CodingOutcome.WrongLength, stream);
        }
        catch (IOException exception)
        {
            return End(CodingOutcome.Failed, stream, exception);
        }
    }

    private void Multiply(CodingStage stage, byte[] buffers, int width, int count)
    {
        var outputs = buffers.AsSpan((_sources.Length + stage.OutputStart) * width);
        SymbolKernels.Best.Combine(
            outputs, width, buffers, width, stage.Matrix.AsSpan(), stage.OutputEnd - stage.OutputStart, count, accumulate: false);
    }

    private async ValueTask<bool> WriteAsync(CodingStage stage, byte[] buffers, int width, int count, CancellationToken cancellation)
    {
        for (var i = stage.OutputStart; i < stage.OutputEnd; i++)
        {
            try
            {
                await _sinks[i].WriteAsync(buffers.AsMemory((_sources.Length + i) * width, count), cancellation);
            }
            catch (IOException exception)
            {
                return End(CodingOutcome.Failed, _program.Plan.Outputs[i], exception);
            }
        }

        return true;
    }

    private async ValueTask<bool> CompleteAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < _sinks.Length; i++)
        {
            try
            {
                await _sinks[i].CompleteAsync(cancellation);
            }
            catch (IOException exception)
            {
                return End(CodingOutcome.Failed, _program.Plan.Outputs[i], exception);
            }
        }

        return true;
    }

    private async ValueTask CloseAsync()
    {
        foreach (var source in _sources)
        {
            if (source is not null)
            {
                await source.DisposeAsync();
            }
        }

        foreach (var sink in _sinks)
        {
            if (sink is not null && sink != _own)
            {
                await sink.DisposeAsync();
            }
        }
    }

    // The first that ends it is told; several reads may.
    private bool End(CodingOutcome outcome, CodingStream? stream, Exception? exception = null)
    {
        var end = new CodingResult(outcome, stream?.Name ?? _program.Output, _done, exception?.Message);
        Interlocked.CompareExchange(ref _end, end, null);
        return false;
    }
}
