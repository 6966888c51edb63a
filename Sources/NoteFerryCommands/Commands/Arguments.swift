import ArgumentParser
import Migration
import NoteModel
import NoteStore

extension DigestAlgorithm: ExpressibleByArgument {}
extension RepairPolicy: ExpressibleByArgument {}
extension SecretsPolicy: ExpressibleByArgument {}
