//! The stages that are open where a reader begins in the middle of a log.

use super::{OpenStages, Role, Stages};
use crate::event::{Frame, LogIndex, Names, OpenTask, Opened, TaskLife, ThreadId};

impl Stages {
    /// Goes on where a reader begins in the middle of a log, or has missed entries: a stage whose
    /// end was missed is open no more.
    pub fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        match opened {
            Opened::Anew { stacks, tasks, .. } => {
                self.log(log).open = OpenStages::default();
                for task in tasks {
                    self.resume_task(log, names, task);
                }
                for (thread, stack) in stacks {
                    self.resume_stack(log, names, *thread, stack.frames());
                }
            }
            Opened::Stack(thread, stack) => {
                self.log(log).open.forget_thread(*thread);
                self.resume_stack(log, names, *thread, stack.frames());
            }
        }
    }

    fn resume_task(&mut self, log: LogIndex, names: &Names, task: &OpenTask) {
        let TaskLife::Begun(since) = task.life else { return };
        let role = self.role(log, names, task.path);
        let (place, open) = ((task.span.thread, task.span, true), &mut self.log(log).open);
        match role {
            Role::Stage(stage) => open.start(place, stage, task.path, since),
            Role::Under => open.start_under(place, task.parent),
            Role::OutsideTask => open.start_outside(task.span),
            Role::Outside => {}
        }
    }

    fn resume_stack(&mut self, log: LogIndex, names: &Names, thread: ThreadId, frames: &[Frame]) {
        for frame in frames {
            let role = self.role(log, names, frame.path);
            let info = names.callsite_info(frame.path);
            let is_poll = info.is_some_and(|callsite| callsite.kind.is_async());
            let open = &mut self.log(log).open;
            match role {
                Role::OutsideTask => open.enter_outside(thread, frame.span),
                Role::Stage(_) | Role::Under if is_poll => open.enter(thread, frame.span),
                Role::Stage(stage) => {
                    open.start((thread, frame.span, false), stage, frame.path, frame.since);
                }
                Role::Under | Role::Outside => {}
            }
        }
    }
}
