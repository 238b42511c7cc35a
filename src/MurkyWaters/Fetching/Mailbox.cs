using System.Collections.Concurrent;

namespace MurkyWaters.Fetching;

/// <summary>
/// Messages to an object that only one thread at a time may touch: taken one after the other, in the order in which they came, on a thread
/// of the pool while there are any. Whoever posts does not wait. A message is a static method and what it needs, so that posting allocates
/// nothing.
/// </summary>
/// <typeparam name="TOwner">Whose messages they are.</typeparam>
internal sealed class Mailbox<TOwner> : IThreadPoolWorkItem
    where TOwner : class
{
    private readonly TOwner _owner;
    private readonly Action<TOwner> _afterEach;
    private readonly Action<TOwner, Exception> _onBroken;
    private readonly ConcurrentQueue<Message> _messages = new();
    private int _count;

    /// <param name="owner">The object.</param>
    /// <param name="afterEach">Called after each message.</param>
    /// <param name="onBroken">Told when one of these threw; must not throw itself.</param>
    public Mailbox(TOwner owner, Action<TOwner> afterEach, Action<TOwner, Exception> onBroken)
    {
        _owner = owner;
        _afterEach = afterEach;
        _onBroken = onBroken;
    }

    /// <summary>Leaves a message. None is lost, be it that there is no memory left just now: somebody waits for what comes of it.</summary>
    public void Post(Action<TOwner, object?, long, long> handle, object? subject = null, long first = 0, long second = 0)
    {
        var patience = default(SpinWait);
        while (!TryEnqueue(new Message(handle, subject, first, second)))
        {
            patience.SpinOnce();
        }

        if (Interlocked.Increment(ref _count) == 1)
        {
            while (!TryRun())
            {
                patience.SpinOnce();
            }
        }
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            // Whoever has counted a message has left it before.
            _messages.TryDequeue(out var message);
            try
            {
                message.Handle(_owner, message.Subject, message.First, message.Second);
                _afterEach(_owner);
            }
            catch (Exception error)
            {
                _onBroken(_owner, error);
            }
        }
        while (Interlocked.Decrement(ref _count) > 0);
    }

    private bool TryEnqueue(Message message)
    {
        try
        {
            _messages.Enqueue(message);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    private bool TryRun()
    {
        try
        {
            return ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    private readonly record struct Message(Action<TOwner, object?, long, long> Handle, object? Subject, long First, long Second);
}
